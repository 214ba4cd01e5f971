"""Words that say the same in clinical English, and words that say nothing."""

from functools import cache

import numpy as np

from pipeline.texts.ngrams import HashSet
from pipeline.texts.tokens import Hashes, word_hash

# Words of grammar and of examination style; the second half is how vital signs are written.
_COMMON = """
a about above after again all also although am an and any are as at be because been before being below best between both but by can could
did do does doing down during each either else etc ever every few following followed for from further had has have having he her here him
his how i if in into is it its itself just least less let like likely made make many may me might more most much must my next no nor not
now of off on once one only or other others our out over own per same she should so some such than that the their them then there these
they this those though through to too under until up upon us very was we were what when where which while who whom whose why will with
within without would yet you your s t patient patients man woman year old yr yo y mo month week day hour minute min present come bring
take give show report state note question answer option choice correct incorrect true false statement except appropriate appropriately
describe associate temperature temp pulse blood pressure bp mm mmhg hg respiration respiratory rate rr hr spo oxygen saturation room air
vital sign beat breath degree celsius fahrenheit c f kg cm lb bmi body weight height history examination physical exam laboratory lab
study value show normal limit range mg dl ml l g u ul mmol meq mol iu ng pg ug mcg
"""

# Each line is one meaning. Whole words only; the first is what the others are read as.
_SAME = """
male man boy gentleman men
female woman girl lady women
child infant toddler kid children
doctor physician clinician practitioner
dyspnea dyspnoea breathlessness
hypertension hypertensive
fever pyrexia febrile
nausea nauseated nauseous
emesis vomiting vomit vomited
pruritus itching itchy itch
edema oedema swelling swollen
hemorrhage haemorrhage bleeding bleed bled
tachycardia tachycardic
bradycardia bradycardic
fatigue tired tiredness weary exhaustion exhausted
renal kidney nephric
hepatic liver
cardiac heart
pulmonary lung
gastric stomach
cutaneous skin dermal
cerebral brain
ocular eye ophthalmic
myocardial myocardium
infarction infarct
neoplasm tumor tumour cancer carcinoma malignancy
fracture broken break
drug medication medicine pharmaceutical
therapy treatment treat management manage
cause etiology aetiology causative
diagnosis diagnose diagnostic
elevated raised increased high increase elevation
decreased reduced low lowered decrease reduction
anemia anaemia
hemoglobin haemoglobin
leukemia leukaemia
esophagus oesophagus esophageal oesophageal
diarrhea diarrhoea
pediatric paediatric
fetus foetus fetal foetal
estrogen oestrogen
hypoglycemia hypoglycaemia
hyperglycemia hyperglycaemia
ischemia ischaemia ischemic ischaemic
abdomen abdominal belly
painful pain ache aching
began started begin start onset
injury trauma traumatic injured
"""


@cache
def _common() -> HashSet:
    return HashSet(same_words(np.array([word_hash(word)[1] for word in _COMMON.split()], np.uint64)))


class _Common:
    """The words that weigh nothing, hashed when they are first asked for."""

    def find(self, stems: Hashes) -> tuple[np.ndarray, np.ndarray]:
        return _common().find(stems)

    def hashes(self) -> Hashes:
        return _common().hashes


COMMON = _Common()


@cache
def _same() -> tuple[HashSet, Hashes]:
    meanings: dict[int, int] = {}
    for line in _SAME.strip().splitlines():
        first, *others = line.split()
        for word in others:
            meanings.setdefault(word_hash(word)[1], word_hash(first)[1])
    held = HashSet(np.array(sorted(meanings), np.uint64))
    return held, np.array([meanings[stem] for stem in held.hashes.tolist()], np.uint64)


def same_words(stems: Hashes) -> Hashes:
    """Stems with each word of a known meaning read as the first of that meaning."""
    held, meanings = _same()
    at, place = held.find(stems)
    if not len(at):
        return stems
    read = stems.copy()
    read[at] = meanings[place]
    return read
