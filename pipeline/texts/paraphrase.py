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
child infant toddler kid children pediatric paediatric
adolescent teenager
newborn neonate neonatal
student pupil
mother maternal
father paternal
anesthesia anesthetic anaesthesia anaesthetic
neuron neurone
enlarged enlargement enlarge
examine examination
tenderness tender
vision sight visual
hypersensitivity allergic allergy
prevent prevention avoid
inhibit block inhibitor blocker
deficiency lack deficient
absent absence missing
transmit transmission spread
contain hold
nerve neural
bone osseous
joint articular
vessel vascular
breast mammary
ovary ovarian
uterus uterine
stool feces faeces fecal faecal
urine urinary urination
mouth oral
tooth teeth dental
gum gingiva gingival
membrane membranous
mutation mutant mutated
bacterium bacteria bacterial
virus viral
fungus fungal fungi
parasite parasitic
worm helminth
cardiac heart
wound laceration cut
surgery surgical operation operative operated
remove removal resect resection excision excise
numbness numb
weakness weak
swallow swallowing deglutition dysphagia
headache cephalalgia
cough coughing
sputum phlegm
bruise bruising ecchymosis
rash eruption exanthem
jaundice jaundiced icterus icteric
seizure convulsion epileptic
smoke smoking cigarette smoker tobacco
pregnant pregnancy gestation gravid gestational
menstruation menstrual menses menstruate
delivery birth labor labour
death die dead mortality fatal
frequent often common commonly frequently
probable probably likely
method technique
location site
reaction response
kind type sort variety
name term
vein venous
artery arterial
muscle muscular
intestine intestinal bowel gut
spine spinal vertebral
cerebral brain
fluid liquid
fat lipid
hormone hormonal
enzyme enzymatic
gene genetic
chromosome chromosomal
cell cellular
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
pulmonary lung
gastric stomach
cutaneous skin dermal
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

# Written in capitals, each is read as its words; those of two meanings in medicine are left out.
_ABBREVIATIONS = """
mi myocardial infarction
ami acute myocardial infarction
stemi st elevation myocardial infarction
chf congestive heart failure
cad coronary artery disease
htn hypertension
dm diabetes mellitus
copd chronic obstructive pulmonary disease
dvt deep vein thrombosis
pe pulmonary embolism
tia transient ischemic attack
cva cerebrovascular accident
af atrial fibrillation
svt supraventricular tachycardia
vsd ventricular septal defect
asd atrial septal defect
pda patent ductus arteriosus
tof tetralogy fallot
ckd chronic kidney disease
aki acute kidney injury
esrd end stage renal disease
uti urinary tract infection
bph benign prostatic hyperplasia
gerd gastroesophageal reflux disease
ibd inflammatory bowel disease
ibs irritable bowel syndrome
hcc hepatocellular carcinoma
rcc renal cell carcinoma
tb tuberculosis
ra rheumatoid arthritis
sle systemic lupus erythematosus
nsaid nonsteroidal anti inflammatory drug
nsaids nonsteroidal anti inflammatory drug
csf cerebrospinal fluid
cns central nervous system
pns peripheral nervous system
als amyotrophic lateral sclerosis
icp intracranial pressure
tsh thyroid stimulating hormone
pth parathyroid hormone
acth adrenocorticotropic hormone
gh growth hormone
adh antidiuretic hormone
hcg human chorionic gonadotropin
siadh syndrome inappropriate antidiuretic hormone
pcos polycystic ovary syndrome
dka diabetic ketoacidosis
ecg electrocardiogram
ekg electrocardiogram
eeg electroencephalogram
emg electromyography
ct computed tomography
mri magnetic resonance imaging
cbc complete blood count
rbc red blood cell
wbc white blood cell
pt prothrombin time
inr international normalized ratio
aptt activated partial thromboplastin time
ptt partial thromboplastin time
dic disseminated intravascular coagulation
itp immune thrombocytopenic purpura
aml acute myeloid leukemia
cml chronic myeloid leukemia
cll chronic lymphocytic leukemia
hbv hepatitis b virus
hcv hepatitis c virus
hiv human immunodeficiency virus
aids acquired immunodeficiency syndrome
ebv epstein barr virus
cmv cytomegalovirus
hsv herpes simplex virus
hpv human papillomavirus
vzv varicella zoster virus
rsv respiratory syncytial virus
gbs guillain barre syndrome
bcg bacillus calmette guerin
ards acute respiratory distress syndrome
cpr cardiopulmonary resuscitation
icu intensive care unit
otc over counter
iv intravenous
im intramuscular
sc subcutaneous
dna deoxyribonucleic acid
rna ribonucleic acid
atp adenosine triphosphate
pcr polymerase chain reaction
who world health organization
imr infant mortality rate
rta road traffic accident
tmj temporomandibular joint
rct root canal treatment
"""
ABBREVIATIONS = {line.split()[0]: tuple(line.split()[1:]) for line in _ABBREVIATIONS.strip().splitlines()}


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
def meanings() -> tuple[HashSet, Hashes]:
    """Words of a known meaning, and the first word of each one's meaning."""
    meant: dict[int, int] = {}
    for line in _SAME.strip().splitlines():
        first, *others = line.split()
        for word in others:
            meant.setdefault(word_hash(word)[1], word_hash(first)[1])
    held = HashSet(np.array(sorted(meant), np.uint64))
    return held, np.array([meant[stem] for stem in held.hashes.tolist()], np.uint64)


def same_words(stems: Hashes) -> Hashes:
    """Stems with each word of a known meaning read as the first of that meaning."""
    held, firsts = meanings()
    at, place = held.find(stems)
    if not len(at):
        return stems
    read = stems.copy()
    read[at] = firsts[place]
    return read
