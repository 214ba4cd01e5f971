"""The datasets medtrace knows: upstream files in, rows out. No network."""

from difflib import get_close_matches

from schemas.errors import ManifestError
from sources import (
    bccd,
    bcss,
    captions,
    chexpert,
    chexpert_plus,
    coronahack,
    ct,
    deeplesion,
    ecg_challenge,
    folders,
    frenchmedmcqa,
    grazpedwri,
    ham10000,
    headqa,
    huatuo,
    isic2020,
    iu_xray,
    jichi,
    lndb,
    lung_videos,
    m23k,
    mammography,
    medbullets,
    medcalc_bench,
    medmcqa,
    medmnist,
    medqa,
    medreason,
    medsg,
    medxpertqa,
    mimic_cxr,
    mimic_iv,
    mmlu_med,
    mmlu_pro,
    mmmu_med,
    nih_cxr,
    octomed,
    omnimedvqa,
    pad_ufes,
    path_vqa,
    pmc_vqa,
    ptb_xl,
    pubmedqa,
    retina,
    slake,
    vindr,
    vqa_rad,
)
from sources.source import Source

SOURCES = (
    medmcqa.SOURCE,
    medqa.SOURCE,
    pubmedqa.SOURCE,
    headqa.SOURCE,
    frenchmedmcqa.SOURCE,
    medcalc_bench.SOURCE,
    medreason.SOURCE,
    m23k.SOURCE,
    huatuo.MEDICAL_O1,
    huatuo.MEDICAL_O1_VERIFIABLE,
    huatuo.MEDICAL_R1_DISTILL,
    mmlu_med.SOURCE,
    mmlu_pro.SOURCE,
    medbullets.SOURCE,
    medxpertqa.MEDXPERTQA_TEXT,
    medxpertqa.MEDXPERTQA_MM,
    vqa_rad.SOURCE,
    slake.SOURCE,
    path_vqa.SOURCE,
    pmc_vqa.PMC_VQA,
    pmc_vqa.PMC_VQA_2,
    octomed.OCTOMED_PMC_VQA,
    octomed.OCTOMED_BLOODMNIST,
    octomed.OCTOMED_NEJM,
    omnimedvqa.SOURCE,
    mmmu_med.SOURCE,
    *captions.CAPTIONS,
    *medmnist.MEDMNIST,
    ham10000.HAM10000,
    ham10000.HAM10000_QOQ,
    *folders.FOLDERS,
    bccd.SOURCE,
    nih_cxr.NIH_CXR14,
    nih_cxr.NIH_BOXES,
    ptb_xl.SOURCE,
    *ecg_challenge.ECG_CHALLENGES,
    chexpert.SOURCE,
    mimic_cxr.MIMIC_CXR,
    mimic_cxr.MIMIC_CXR_REPORTS,
    iu_xray.SOURCE,
    vindr.VINDR_CXR,
    vindr.VINDR_MAMMO,
    mammography.CBIS_DDSM,
    mammography.CMMD,
    coronahack.SOURCE,
    retina.APTOS,
    retina.MESSIDOR2,
    pad_ufes.SOURCE,
    isic2020.SOURCE,
    jichi.SOURCE,
    *ct.CTS,
    lndb.SOURCE,
    *lung_videos.LUNG_VIDEOS,
    bcss.SOURCE,
    chexpert_plus.SOURCE,
    mimic_iv.MIMIC_IV_STAY,
    mimic_iv.MIMIC_IV_SURVIVAL,
    deeplesion.SOURCE,
    grazpedwri.SOURCE,
    medsg.SOURCE,
)


def by_name(name: str) -> Source:
    """The dataset of that name.

    Raises: ManifestError that lists the known ones.
    """
    for source in SOURCES:
        if source.name == name:
            return source
    near = get_close_matches(name, [source.name for source in SOURCES], 3, 0.4)
    told = f"the nearest are {', '.join(near)}" if near else f"there are {len(SOURCES)} others"
    raise ManifestError(
        f'No dataset is called "{name}"; {told}. Name one that `medtrace sources` lists, or give kind = "table" or "imagefolder".'
    )
