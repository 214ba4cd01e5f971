"""Identifiers: what names a person is found, and ordinary questions are not taken for it."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.texts.identifiers import Kind, find_identifiers, mask
from sources import by_name

# Written for this test; none of these people, numbers or addresses is real.
HELD = {
    Kind.NAME: [
        ("Mr. John Avery presents with chest pain.", "John Avery"),
        ("Mrs. O'Donnell reports that the pain is worse at night.", "O'Donnell"),
        ("Ms Ruth van der Meer was seen in clinic.", "Ruth van der Meer"),
        ("Patient name: Priya Raman\nComplaint: cough", "Priya Raman"),
        ("PATIENT NAME: Okafor, Daniel", "Okafor, Daniel"),
        ("Name: Elena Petrova\nAge: 45", "Elena Petrova"),
        ("Dear Dr. Halvorsen, thank you for referring this man.", "Dr. Halvorsen"),
        ("Dear Mrs. Klein, your results are back.", "Mrs. Klein"),
        ("Dictated by: Samuel Boateng", "Samuel Boateng"),
        ("Signed, Maria Lopez, M.D.", "Maria Lopez"),
        ("Suganya Devi is 30 weeks pregnant with cholestasis.", "Suganya Devi"),
        ("Harold Finch, a 62-year-old man, has had fever for 3 days.", "Harold Finch"),
        ("History as told. Aylin Kaya, 34 years old, takes warfarin.", "Aylin Kaya"),
        ("A boy named Tomas was bitten by a dog.", "Tomas"),
        ("The patient says: my name is Alice Munroe.", "Alice Munroe"),
        ("Next of kin: Peter Nowak", "Peter Nowak"),
        ("Señora García refiere dolor.", "García"),
    ],
    Kind.PLACE: [
        ("He lives at 42 Maple Street with his wife.", "42 Maple Street"),
        ("Address: 1207 North Oak Hill Road", "1207 North Oak Hill Road"),
        ("She was brought from 9B Harbour View Terrace.", "9B Harbour View Terrace"),
        ("Springfield, IL 62704", "Springfield, IL 62704"),
        ("mail to P.O. Box 4411", "P.O. Box 4411"),
        ("zip code 90210", "90210"),
        ("postcode: SW1A 1AA", "SW1A 1AA"),
        ("Home: 15 St James Court", "15 St James Court"),
    ],
    Kind.DATE: [
        ("DOB: 03/14/1958", "03/14/1958"),
        ("D.O.B. 1958-03-14", "1958-03-14"),
        ("The patient was admitted on March 3, 2019 with sepsis.", "March 3, 2019"),
        ("He was discharged on 3rd of May 2021.", "3rd of May 2021"),
        ("Date of admission: 12-Mar-2019", "12-Mar-2019"),
        ("Her last menstrual period was on 05/12/2023.", "05/12/2023"),
        ("She underwent colectomy in February 2015.", "February 2015"),
        ("In April 2011, an 81-year-old woman was admitted with stroke.", "April 2011"),
        ("She was born on 14.03.1958 in a small town.", "14.03.1958"),
        ("The patient was seen on June 5 for follow-up.", "June 5"),
        ("Date of death: 2020/11/30", "2020/11/30"),
    ],
    Kind.AGE: [
        ("A 92-year-old woman presents with a fall.", "92-year-old"),
        ("The patient is 101 years old.", "101 years old"),
        ("A 90 y/o man with delirium.", "90 y/o"),
        ("The patient is a man aged 95 with pneumonia.", "95"),
        ("Age: 97. Complaint: cough.", "97"),
        ("A ninety-three-year-old veteran has dysphagia.", "ninety-three-year-old"),
        ("Her mother died at the age of 91.", "91"),
    ],
    Kind.PHONE: [
        ("Call (415) 555-2671 for results.", "(415) 555-2671"),
        ("Phone: 415-555-2671", "415-555-2671"),
        ("reached at 212.555.0188 after hours", "212.555.0188"),
        ("tel. 020 7946 0018", "020 7946 0018"),
        ("Mobile: +44 7700 900123", "+44 7700 900123"),
        ("contact +49 30 901820 1234", "+49 30 901820 1234"),
        ("pager number 617-555-0199", "617-555-0199"),
    ],
    Kind.FAX: [
        ("Fax: 415-555-2672", "415-555-2672"),
        ("send by fax to (312) 555 0147", "(312) 555 0147"),
        ("fax no. 030 1234567", "030 1234567"),
    ],
    Kind.EMAIL: [
        ("write to jane.roe@example.org", "jane.roe@example.org"),
        ("E-mail: r_smith+ward7@clinic.example.co.uk", "r_smith+ward7@clinic.example.co.uk"),
    ],
    Kind.SSN: [
        ("SSN 219-09-9999", "219-09-9999"),
        ("His number 457-55-5462 is on file.", "457-55-5462"),
        ("social security number: 219 09 9999", "219 09 9999"),
        ("SSN: xxx-xx-1234", "xxx-xx-1234"),
    ],
    Kind.MRN: [
        ("MRN: 00482913", "00482913"),
        ("Medical record number is A4829131.", "A4829131"),
        ("Hospital No. 77-4821", "77-4821"),
        ("patient ID: 483920", "483920"),
        ("NHS number 943 476 5919", "943"),
        ("Accession # 20190314001", "20190314001"),
        ("chart number 553201", "553201"),
    ],
    Kind.PLAN: [
        ("Medicare ID 1EG4TE5MK73", "1EG4TE5MK73"),
        ("Member ID: XJB4492101", "XJB4492101"),
        ("Insurance policy number 88-3321-09", "88-3321-09"),
    ],
    Kind.ACCOUNT: [("Account number 0099182734", "0099182734"), ("Billing account: 7741-2203", "7741-2203"), ("Acct # 5520193", "5520193")],
    Kind.LICENCE: [
        ("Driver's license number D4410293", "D4410293"),
        ("Medical licence no. 443021", "443021"),
        ("DEA AB1234563", "AB1234563"),
        ("certificate number 2201-884", "2201-884"),
    ],
    Kind.VEHICLE: [("VIN 1HGCM82633A004352", "1HGCM82633A004352"), ("license plate 7ABC123", "7ABC123")],
    Kind.DEVICE: [
        ("Pacemaker serial number PJN4402913", "PJN4402913"),
        ("IMEI 490154203237518", "490154203237518"),
        ("device identifier 00844588003288", "00844588003288"),
        ("MAC 00:1B:44:11:3A:B7", "00:1B:44:11:3A:B7"),
    ],
    Kind.URL: [
        ("see https://portal.example.org/p/4821", "https://portal.example.org/p/4821"),
        ("at www.example.org/~jroe", "www.example.org/~jroe"),
    ],
    Kind.IP: [
        ("from 192.168.100.23", "192.168.100.23"),
        ("IP address 10.0.0.7", "10.0.0.7"),
        ("via 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    ],
    Kind.OTHER: [
        ("Passport number X1203344", "X1203344"),
        ("Subject ID: 0042-113", "0042-113"),
        ("national insurance no. QQ123456", "QQ123456"),
    ],
}
PLAIN = [
    "A 45-year-old man presents on day 3 of fever with a blood pressure of 120/80 mm Hg.",
    "A 3-day-old boy weighing 3.2 kg is delivered with Apgar scores of 7/9/10.",
    "Patients aged 90 or older were excluded; those over 89 years had 2-3 visits.",
    "Between January 2005 and December 2010, 120 consecutive patients underwent surgery.",
    "From March 1, 2003, records of all patients admitted were searched.",
    "A study published on May 3, 2014 enrolled patients from 12 hospitals.",
    "The drug may 10 times raise the dose; give 5-10-15 mg.",
    "Which is true of Parkinson disease, Down syndrome, and Wernicke encephalopathy?",
    "Crohn Disease is a chronic illness. Marfan Syndrome, a disorder of connective tissue, is inherited.",
    "Normal RDW is 11.5-14.5%, MCV 80-96 fL, PaO2 95/min, range 2.7-23.8 years.",
    "Take 1-2-3 tablets; ratios 1.2.3.4 and 10:20:30 are given at 12:30:45.",
    "Bipolar disorders account for 25-30% of mood disorders.",
    "The sequence was deposited in GenBank under the accession number LC424161.",
    "Average survival is 95 years of follow-up in 92 patients.",
    "A medical record number is needed for every chart.",
    "Her temperature is 39.2 C, pulse 110/min, respirations 24/min, SpO2 92% on room air.",
    "The patient takes lisinopril 10 mg daily and smokes 2 packs per day since 1990.",
    "The infant was born at 38 weeks, 3200 g, in 2019.",
    "Dr. Virchow described the triad of thrombosis.",
    "Ann Arbor, a staging system, has 4 stages.",
    "He calls 3 times a day and uses a cell count of 1200 per microliter.",
    "The serial ECGs at 0, 3 and 6 hours are normal; the plan number two is rest.",
    "Case 1: a policy for screening 50 to 75 year olds was adopted in 1996.",
    "Vitamin B12 1000 mcg was injected on day 14; INR 2.0-3.0 was reached by week 2.",
]


@pytest.mark.parametrize(("kind", "text", "said"), [(kind, *told) for kind, texts in HELD.items() for told in texts])
def test_what_names_a_person_is_found(kind: Kind, text: str, said: str) -> None:
    found = find_identifiers(text)
    assert any(one.kind is kind and said in text[one.start : one.stop] for one in found), found
    assert any(one.fails for one in found)
    assert said not in mask(text, found)


def test_there_are_examples_of_every_kind_that_fails() -> None:
    assert set(HELD) == set(Kind) - {Kind.BIOMETRIC, Kind.PHOTO}
    assert sum(map(len, HELD.values())) > 80


@pytest.mark.parametrize("text", PLAIN)
def test_an_ordinary_question_holds_none(text: str) -> None:
    assert [text[one.start : one.stop] for one in find_identifiers(text) if one.fails] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.BIOMETRIC, "Fingerprints were taken at the scene."),
        (Kind.BIOMETRIC, "a retinal scan"),
        (Kind.PHOTO, "A full-face photograph is shown."),
    ],
)
def test_talk_of_fingerprints_and_photographs_is_told_and_keeps_nothing_back(kind: Kind, text: str) -> None:
    assert [(one.kind, one.fails) for one in find_identifiers(text)] == [(kind, False)]
    assert mask(text, find_identifiers(text)) == text


def test_a_masked_text_says_what_stood_there_and_holds_nothing_any_more() -> None:
    text = "Mrs. Ada Byron (MRN 0048291, 415-555-2671) was admitted on March 3, 2019."
    masked = mask(text, find_identifiers(text))
    assert masked == "Mrs. [REDACTED:name] (MRN [REDACTED:mrn], [REDACTED:phone]) was admitted on [REDACTED:date]."
    assert find_identifiers(masked) == []


@given(st.text(max_size=300))
def test_findings_are_in_order_and_apart_in_any_text(text: str) -> None:
    found = find_identifiers(text)
    assert all(one.stop <= other.start for one, other in pairwise(found))
    assert all(0 <= one.start < one.stop <= len(text) for one in found)


@pytest.mark.parametrize("sign", ["9", "9-", "a@", "1.", "Ab ", "(", "May 1 ", "+1 ", "Mr. A", "id "])
def test_a_long_hostile_text_is_read_in_time_that_grows_with_its_length(sign: str) -> None:
    assert isinstance(find_identifiers(sign * (20_000 // len(sign))), list)


TESTED = {"medmcqa": "validation", "medqa": "test"}
DATA = os.environ.get("MEDTRACE_DATA")


def texts_of(name: str) -> Iterator[str]:
    layout, parts = by_name(name).fit(Path(DATA or "") / name, TESTED.get(name))
    for row in (row for part in parts for row in layout.read(part)):
        yield "\n".join((row.question, row.context, *row.options))


@pytest.mark.skipif(DATA is None, reason="MEDTRACE_DATA is not set: no real questions to read")
@pytest.mark.parametrize(("name", "most"), [("medmcqa", 0.002), ("medqa", 0.003), ("pubmedqa", 0.002), ("headqa", 0.001)])
def test_hardly_a_real_exam_question_is_held_back(name: str, most: float) -> None:
    texts = list(texts_of(name))
    held = sum(any(one.fails for one in find_identifiers(text)) for text in texts)
    assert len(texts) > 400
    assert held / len(texts) <= most
