//! Common names and places of Morocco in both scripts, written down here for samples. A sample draws each part by
//! itself, so a likeness to a person would be chance.

/// One word in both scripts.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) arabic: &'static str,
    pub(super) latin: &'static str,
}

const fn word(arabic: &'static str, latin: &'static str) -> Word {
    Word { arabic, latin }
}

impl Word {
    /// Son of.
    pub(super) const BEN: Self = word("بن", "ben");
    /// Daughter of.
    pub(super) const BENT: Self = word("بنت", "bent");
}

pub(super) const MALE: &[Word] = &[
    word("محمد", "MOHAMMED"),
    word("أحمد", "AHMED"),
    word("يوسف", "YOUSSEF"),
    word("حمزة", "HAMZA"),
    word("عمر", "OMAR"),
    word("مهدي", "MEHDI"),
    word("إدريس", "DRISS"),
    word("خالد", "KHALID"),
    word("رشيد", "RACHID"),
    word("أنس", "ANAS"),
    word("امحمد", "M'HAMED"),
    word("عبد الرحيم", "ABDERRAHIM"),
];

pub(super) const FEMALE: &[Word] = &[
    word("فاطمة الزهراء", "FATIMA-ZAHRA"),
    word("خديجة", "KHADIJA"),
    word("مريم", "MARYAM"),
    word("زينب", "ZINEB"),
    word("سلمى", "SALMA"),
    word("نادية", "NADIA"),
    word("سعاد", "SOUAD"),
    word("هند", "HIND"),
    word("إيمان", "IMANE"),
    word("أمينة", "AMINA"),
    word("غزلان", "GHIZLANE"),
    word("نعيمة", "NAÏMA"),
];

pub(super) const SURNAMES: &[Word] = &[
    word("العلوي", "EL ALAOUI"),
    word("بناني", "BENNANI"),
    word("الفاسي", "EL FASSI"),
    word("التازي", "TAZI"),
    word("بنجلون", "BENJELLOUN"),
    word("الإدريسي", "EL IDRISSI"),
    word("الشرقاوي", "CHERKAOUI"),
    word("أمزيان", "AMEZIANE"),
    word("آيت عمر", "AIT OMAR"),
    word("الوزاني", "OUAZZANI"),
    word("برادة", "BERRADA"),
    word("السوسي", "SOUSSI"),
    word("الحداد", "HADDAD"),
    word("المنصوري", "EL MANSOURI"),
];

pub(super) const CITIES: &[Word] = &[
    word("الرباط", "RABAT"),
    word("الدار البيضاء", "CASABLANCA"),
    word("فاس", "FÈS"),
    word("مراكش", "MARRAKECH"),
    word("طنجة", "TANGER"),
    word("أكادير", "AGADIR"),
    word("وجدة", "OUJDA"),
    word("مكناس", "MEKNÈS"),
    word("تطوان", "TÉTOUAN"),
    word("العيون", "LAÂYOUNE"),
];

pub(super) const QUARTERS: &[Word] = &[
    word("حي السلام", "HAY ESSALAM"),
    word("حي الرياض", "HAY RIAD"),
    word("المدينة القديمة", "ANCIENNE MÉDINA"),
    word("حي الأمل", "HAY EL AMAL"),
    word("حي النخيل", "HAY ENNAKHIL"),
];

pub(super) const STREETS: &[Word] = &[
    word("زنقة الزيتون", "RUE DES OLIVIERS"),
    word("شارع النصر", "AVENUE ENNASR"),
    word("زنقة الأطلس", "RUE DE L'ATLAS"),
    word("شارع المحيط", "AVENUE DE L'OCÉAN"),
    word("زنقة الياسمين", "RUE DU JASMIN"),
];
