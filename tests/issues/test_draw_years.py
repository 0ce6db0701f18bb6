"""The year of a publication was the first 19xx or 20xx in its citation, such as a number of patients."""

from __future__ import annotations

import pytest

from kg.draw.citations import publication_year, short_citation

SPINE = "Gertzbein SD, Robbins SE. Accuracy of pedicular screw placement in vivo. Spine (Phila Pa 1976). "
MANN = "Agarwal R, Mann JFE. Risk of Hyperkalemia With Empagliflozin, Finerenone, or Both. J Am Coll Cardiol. "

PUBMED = [
    (
        "Data obtained from 1913 patients. Eur Urol. 2014 Feb;65(2):455-64. doi: 10.1/j.2013.09. Epub 2013 Oct 2.",
        "2014",
    ),
    (SPINE + "1990 Jan;15(1):11-4. doi: 10.1097/00007632-199001000-00004.", "1990"),
    ("A rabbit model of asthma. J Appl Physiol (1985). 2011 Aug;111(2):353-7. doi: 10.1152/j.01345.2010.", "2011"),
    ("Diabetic retinopathy: Looking forward to 2030. Front Endocrinol (Lausanne). 2023 Jan 9;13:1077669.", "2023"),
    ("Projection of Burden through 2045: Systematic Review. Ophthalmology. 2021 Nov;128(11):1580-1591.", "2021"),
    ("Rochester, Minnesota, 1976 through 1990. Brain. 1994 Apr;117 ( Pt 2):325-35.", "1994"),
    ("Health Survey 2017/18. Int J Clin Pract. 2022 Apr 22;2022:8349160. doi: 10.1155/2022/8349160.", "2022"),
    ("Sexual behavior in the human male. 1948. Am J Public Health. 2003 Jun;93(6):894-8.", "2003"),
    ("Types of urticaria. Alergologica 2005. J Investig Allergol Clin Immunol. 2009;19 Suppl 2:21-6.", "2009"),
    ("Chronic low back pain: a trial. Pain Res Manag. 2006 Autumn;11(3):193-6.", "2006"),
    ("From vision to reality, year one. Qual Manag Health Care. 2000 Winter;8(2):1-20.", "2000"),
    ("Teach-back Toolkit. J Nurs Care Qual. 2019 Apr/Jun;34(2):101-106.", "2019"),
    ("Low-back pain. Spine (Phila Pa 1976). 1980 Sep-Oct;5(5):419-23.", "1980"),
    ("Childhood Asthma. Res Sq [Preprint]. 2023 Jun 29:rs.3.rs-3101724. doi: 10.21203/rs.3.rs-3101724/v1.", "2023"),
    ("OSAFA Observational Study. Allergy. 2026 Jan 19. doi: 10.1111/all.70228. Online ahead of print.", "2026"),
    (MANN + "2025 Nov 7:S0735-1097(25)10035-1. doi: 10.1016/j.jacc.2025.10.049.", "2025"),
    ("Efficacy of steroids. Update and review. J Bone Joint Surg Am. 2006 Jun;88(6):1361-72.", "2006"),
    ("Statistics-2022 Update: A Report. Circulation. 2022 Feb 22;145(8):e153-e639. Epub 2022 Jan 26.", "2022"),
    (
        "Symptom Monitoring. J Clin Oncol. 2016 Feb 20;34(6):557. Erratum In: J Clin Oncol. 2019 Feb 20;37(6):528.",
        "2016",
    ),
]
FREE = [
    ("Salama, R. (2010). Trials of Nigella Sativa. TAF Preventive Medicine Bulletin, 9(5), 513-522.", "2010"),
    ("Stephens, K. A., & Ma, K. (2024, August). Improving chronic pain. Poster, Seattle, WA.", "2024"),
    ("Kumar V. Lipid profile and hypertension. J Med Sci Clin Res 2018;5:40-44.", "2018"),
    ("Hijikata S, Oomori K. Percutaneous nucleotomy. J Toden Hosp 1976, 6:6-13", "1976"),
    ("Champion H. Carrots, Sticks, and Better Men's Health. Adv Stud Med. 6(4):163-170, 2006", "2006"),
    ("Bouvard M, Denis A. Étude. Journal de Thérapie Cognitive. 2012 ; 22 (4) : 175-81.", "2012"),
    ("Wood JD, Enser M. Fatty acids. 3rd ed. Boca Raton, FL: CRC Press, 2008;87-107.", "2008"),
    ("Hayes AF. Introduction to Mediation, Second Edition. The Guilford Press; 2022. 692 p", "2022"),
    ("Altreuther M. NORKAR Årsrapport for 2021 med plan. St. Olavs Hospital; 2022.", "2022"),
    ("Stewart-Brown S. The WEMWBS Scale. Dordrecht: Springer Netherlands; 2013. p. 133-50", "2013"),
    ("Wu, Y.-B., Yu, S.-H. and Chao, A.-C. 2004. Preparation of blends. Carbohydrate Polymers 57: 435-440", "2004"),
    ("Yan et al., 2023.Research Progress. Advances in Clinical Medicine; 13(5): 8107-8115.", "2023"),
    ("Das, S. and D. Gupta, Rust fungi of plants. World Allergy Organ J, 2013. 6(Suppl 1): p. P32.", "2013"),
    ("Group IEW. Guidance for Industry: E6 Good Clinical Practice, April 1996.", "1996"),
]
UNSURE = [
    "Magee, D. J. (2014). Orthopedic assessment: Elsevier. Maitland, G. D. (2005). Vertebral manipulation.",
    "DailyMed - FIRVANQ kit. Accessed September 7, 2023. https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm",
    "Carmichael W. 127 years. Adv Exp Med Biol 2008;619:105-125 2. Petrus M. Analyst 1994; 119, 1525",
    "Survey of 2011 and 2012 patients",
    "",
]


@pytest.mark.parametrize(("citation", "published"), PUBMED + FREE)
def test_the_year_is_the_year_of_publication(citation: str, published: str) -> None:
    assert publication_year(citation) == published


@pytest.mark.parametrize("citation", UNSURE)
def test_ambiguous_years_are_omitted(citation: str) -> None:
    assert publication_year(citation) == ""
    assert short_citation(citation) == (citation if len(citation) <= 80 else citation[:79] + "…")


@pytest.mark.parametrize(
    ("citation", "label"),
    [
        (SPINE + "1990 Jan;15(1):11-4.", "Gertzbein SD et al. 1990"),
        ("Hayes AF. Introduction to Mediation, Moderation. The Guilford Press; 2022. 692 p", "Hayes AF 2022"),
        ("Salama, R. (2010). Trials. TAF, 9(5), 513-522.", "Salama 2010"),
        ("Brooke, J. SUS-A quick and dirty scale, in industry. 1996; 189(194): 4-7.", "Brooke 1996"),
        ("Schwarzer, R., & Jerusalem, M. Self-Efficacy. NFER-NELSON. 1995; 35-37.", "Schwarzer et al. 1995"),
        ("15. Pastori D, Nocella C. PCSK9. J Am Coll Cardiol. 2017 Sep 19;70(12):1455.", "Pastori D et al. 2017"),
    ],
)
def test_a_label_names_the_first_author_and_indicates_others(citation: str, label: str) -> None:
    assert short_citation(citation) == label
