//! Synthetic documents of clinics and offices, built as the decisions say, from a seed: no person in them exists.
//!
//! Element names and their order are those of Decisions 130, 4750 and 3176/QĐ-BYT (claims, check-ins), 1551 and 2062
//! (health checks), of the insurance portal's certificates, and of QCVN 102:2016/BTTTT (messages between agencies).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// Makes documents of one facility.
#[derive(Clone, Debug)]
pub struct Clinic {
    facility: String,
    state: u64,
}

const FAMILY: [&str; 8] = ["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Đặng", "Võ", "Hà"];
const MIDDLE: [&str; 6] = ["Văn", "Thị", "Đức", "Ngọc", "Hữu", "Thúy"];
const GIVEN: [&str; 8] = ["Tý", "Hoa", "Dũng", "Phượng", "Quỳnh", "Sửu", "Ước", "Hằng"];
const DRUGS: [&str; 4] =
    ["Paracetamol 500mg", "Amoxicilin 500mg", "Oresol 27,9g", "Vitamin C 100mg"];

/// Which elements XML1 has, in their order; those that are set have a value.
const SUMMARY: [&str; 64] = [
    "MA_LK",
    "STT",
    "MA_BN",
    "HO_TEN",
    "SO_CCCD",
    "NGAY_SINH",
    "GIOI_TINH",
    "NHOM_MAU",
    "MA_QUOCTICH",
    "MA_DANTOC",
    "MA_NGHE_NGHIEP",
    "DIA_CHI",
    "MATINH_CU_TRU",
    "MAHUYEN_CU_TRU",
    "MAXA_CU_TRU",
    "DIEN_THOAI",
    "MA_THE_BHYT",
    "MA_DKBD",
    "GT_THE_TU",
    "GT_THE_DEN",
    "NGAY_MIEN_CCT",
    "LY_DO_VV",
    "LY_DO_VNT",
    "MA_LY_DO_VNT",
    "CHAN_DOAN_VAO",
    "CHAN_DOAN_RV",
    "MA_BENH_CHINH",
    "MA_BENH_KT",
    "MA_BENH_YHCT",
    "MA_PTTT_QT",
    "MA_DOITUONG_KCB",
    "MA_NOI_DI",
    "MA_NOI_DEN",
    "MA_TAI_NAN",
    "NGAY_VAO",
    "NGAY_VAO_NOI_TRU",
    "NGAY_RA",
    "GIAY_CHUYEN_TUYEN",
    "SO_NGAY_DTRI",
    "PP_DIEU_TRI",
    "KET_QUA_DTRI",
    "MA_LOAI_RV",
    "GHI_CHU",
    "NGAY_TTOAN",
    "T_THUOC",
    "T_VTYT",
    "T_TONGCHI_BV",
    "T_TONGCHI_BH",
    "T_BNTT",
    "T_BNCCT",
    "T_BHTT",
    "T_NGUONKHAC",
    "T_BHTT_GDV",
    "NAM_QT",
    "THANG_QT",
    "MA_LOAI_KCB",
    "MA_KHOA",
    "MA_CSKCB",
    "MA_KHUVUC",
    "CAN_NANG",
    "CAN_NANG_CON",
    "MA_HSBA",
    "MA_TTDV",
    "DU_PHONG",
];

impl Clinic {
    /// A facility by its code of five digits; the same seed gives the same documents.
    pub fn new(facility: &str, seed: u64) -> Self {
        Self { facility: facility.to_owned(), state: seed.wrapping_mul(2).wrapping_add(1) }
    }

    fn draw(&mut self, below: usize) -> usize {
        // Steele, Lea and Flood's SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }

    fn name(&mut self) -> String {
        let (family, middle) = (FAMILY[self.draw(8)], MIDDLE[self.draw(6)]);
        format!("{family} {middle} {}", GIVEN[self.draw(8)])
    }

    fn day(&mut self) -> String {
        format!("2026{:02}{:02}", 1 + self.draw(12), 1 + self.draw(28))
    }

    /// A claims file (`GIAMDINHHS`) of `dossiers` patients, each with XML1 to XML3 of about `bytes` in all.
    pub fn claims(&mut self, dossiers: usize, bytes: usize) -> String {
        let mut list = String::new();
        for _ in 0..dossiers {
            list.push_str("<HOSO>");
            for (kind, content) in self.parts(bytes) {
                let encoded = STANDARD.encode(content);
                let _ = write!(
                    list,
                    "<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>{encoded}</NOIDUNGFILE></FILEHOSO>"
                );
            }
            list.push_str("</HOSO>\n");
        }
        let (day, facility) = (self.day(), &self.facility);
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <GIAMDINHHS xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
             \x20 <THONGTINDONVI>\n    <MACSKCB>{facility}</MACSKCB>\n  </THONGTINDONVI>\n\
             \x20 <THONGTINHOSO>\n    <NGAYLAP>{day}</NGAYLAP>\n    <SOLUONGHOSO>{dossiers}</SOLUONGHOSO>\n\
             \x20   <DANHSACHHOSO>\n{list}    </DANHSACHHOSO>\n  </THONGTINHOSO>\n  <CHUKYDONVI />\n</GIAMDINHHS>\n"
        )
    }

    /// XML1 (summary), XML2 (drugs) and XML3 (services) of one treatment.
    fn parts(&mut self, bytes: usize) -> [(&'static str, String); 3] {
        let number = self.draw(100_000_000);
        let treatment = format!("{}{number:08}", self.facility);
        let (name, day) = (self.name(), self.day());
        let mut summary = String::from("<TONG_HOP>");
        for element in SUMMARY {
            let value = match element {
                "MA_LK" => treatment.clone(),
                "STT" | "SO_NGAY_DTRI" => "1".to_owned(),
                "MA_BN" => format!("BN{:07}", self.draw(10_000_000)),
                "HO_TEN" => name.to_uppercase(),
                "SO_CCCD" => format!("0{:011}", self.draw(100_000_000_000)),
                "NGAY_SINH" => format!("19{:02}01010000", 40 + self.draw(60)),
                "DIA_CHI" => "Thôn 3, Xã Đăk Hà, Tỉnh Quảng Ngãi".to_owned(),
                "CHAN_DOAN_RV" => "Viêm họng cấp <J02.9> & sốt".to_owned(),
                "MA_BENH_CHINH" => "J02.9".to_owned(),
                "NGAY_VAO" | "NGAY_RA" | "NGAY_TTOAN" => format!("{day}0830"),
                "T_TONGCHI_BV" | "T_TONGCHI_BH" | "T_BHTT" => {
                    format!("{}.00", 50_000 + self.draw(900_000))
                }
                "NAM_QT" => "2026".to_owned(),
                "MA_CSKCB" => self.facility.clone(),
                _ => String::new(),
            };
            let value = value.replace('&', "&amp;").replace('<', "&lt;");
            let _ = write!(summary, "<{element}>{value}</{element}>");
        }
        summary.push_str("</TONG_HOP>");
        let mut lines = |list: &str, line: &str, bytes: usize| {
            let mut all = String::new();
            let mut number = 0;
            while number == 0 || all.len() < bytes {
                number += 1;
                let (drug, amount) = (DRUGS[self.draw(4)], 1 + self.draw(30));
                let _ = write!(
                    all,
                    "<{line}><MA_LK>{treatment}</MA_LK><STT>{number}</STT><TEN><![CDATA[{drug}]]></TEN>\
                     <SO_LUONG>{amount}</SO_LUONG><DON_GIA>{}.000</DON_GIA><NGAY_YL>{day}0900</NGAY_YL></{line}>",
                    1_200 + self.draw(9_000)
                );
            }
            format!("<{list}>{all}</{list}>")
        };
        // Base64 makes four bytes of three.
        let rest = (bytes / 4 * 3).saturating_sub(summary.len());
        let drugs = lines("DSACH_CHI_TIET_THUOC", "CHI_TIET_THUOC", rest / 2);
        let services = lines("DSACH_CHI_TIET_DVKT", "CHI_TIET_DVKT", rest / 2);
        [
            ("XML1", summary),
            ("XML2", format!("<CHITIEU_CHITIET_THUOC>{drugs}</CHITIEU_CHITIET_THUOC>")),
            ("XML3", format!("<CHITIEU_CHITIET_DVKT_VTYT>{services}</CHITIEU_CHITIET_DVKT_VTYT>")),
        ]
    }

    /// A check-in file XML0 (`CHI_TIEU_TRANG_THAI_KCB`).
    pub fn checkin(&mut self, visits: usize) -> String {
        let mut list = String::new();
        for number in 1..=visits {
            let (name, day, patient) =
                (self.name().to_uppercase(), self.day(), self.draw(10_000_000));
            let (treatment, card) = (self.draw(100_000_000), self.draw(10_000_000_000));
            let facility = &self.facility;
            let _ = write!(
                list,
                "<TRANG_THAI_KCB><MA_LK>{facility}{treatment:08}</MA_LK><STT>{number}</STT><MA_BN>BN{patient:07}</MA_BN>\
                 <HO_TEN>{name}</HO_TEN><SO_CCCD/><NGAY_SINH>19700101</NGAY_SINH><GIOI_TINH>1</GIOI_TINH>\
                 <MA_THE_BHYT>HC4{card:010}</MA_THE_BHYT><MA_DKBD>{facility}</MA_DKBD><GT_THE_TU>20260101</GT_THE_TU>\
                 <GT_THE_DEN>20261231</GT_THE_DEN><MA_DOITUONG_KCB>1</MA_DOITUONG_KCB><NGAY_VAO>{day}0715</NGAY_VAO>\
                 <NGAY_VAO_NOI_TRU/><LY_DO_VNT/><MA_LY_DO_VNT/><MA_LOAI_KCB>01</MA_LOAI_KCB><MA_CSKCB>{facility}</MA_CSKCB>\
                 <MA_DICH_VU/><TEN_DICH_VU/><MA_THUOC/><TEN_THUOC/><MA_VAT_TU/><TEN_VAT_TU/><NGAY_YL/><DU_PHONG/></TRANG_THAI_KCB>\r\n"
            );
        }
        format!(
            "<CHI_TIEU_TRANG_THAI_KCB>\r\n<DSACH_TRANG_THAI_KCB>\r\n{list}</DSACH_TRANG_THAI_KCB>\r\n<CHUKYDONVI/>\r\n</CHI_TIEU_TRANG_THAI_KCB>"
        )
    }

    /// A health check (`KHAMSUCKHOE`) that `doctor` concludes, its parts as elements or in base64.
    pub fn health_check(&mut self, doctor: &str, in_place: bool) -> String {
        let (name, day) = (self.name(), self.day());
        let administrative = format!(
            "<THONG_TIN_HANH_CHINH><HO_TEN>{name}</HO_TEN><NGAY_SINH>19880101</NGAY_SINH><GIOI_TINH>1</GIOI_TINH>\
             <MA_CSKCB>{}</MA_CSKCB></THONG_TIN_HANH_CHINH>",
            self.facility
        );
        let fitness = format!(
            "<KHAM_THE_LUC><CHIEU_CAO>{}</CHIEU_CAO><CAN_NANG>{}</CAN_NANG><MACH>80</MACH><HUYET_AP>120/80</HUYET_AP></KHAM_THE_LUC>",
            150 + self.draw(35),
            45 + self.draw(40)
        );
        let conclusion = format!(
            "<KET_LUAN><PHAN_LOAI_SK>2</PHAN_LOAI_SK><KET_LUAN_BENH>Z00.0</KET_LUAN_BENH><CAC_VAN_DE_SUC_KHOE>Đủ sức khỏe làm việc\
             </CAC_VAN_DE_SUC_KHOE><NGUOI_KET_LUAN>{doctor}</NGUOI_KET_LUAN></KET_LUAN>"
        );
        let mut files = String::new();
        for (kind, content) in [("XML1", administrative), ("XML10", fitness), ("XML12", conclusion)]
        {
            let content = if in_place { content } else { STANDARD.encode(content) };
            let _ = write!(
                files,
                "\n\t\t\t\t<FILEHOSO>\n\t\t\t\t\t<LOAIHOSO>{kind}</LOAIHOSO>\n\t\t\t\t\t<NOIDUNGFILE>{content}</NOIDUNGFILE>\n\t\t\t\t</FILEHOSO>"
            );
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<KHAMSUCKHOE>\n\t<THONGTINDONVI>\n\t\t<MACSKCB>{}</MACSKCB>\n\t</THONGTINDONVI>\n\
             \t<THONGTINHOSO>\n\t\t<NGAYLAP>{day}</NGAYLAP>\n\t\t<SOLUONGHOSO>1</SOLUONGHOSO>\n\t\t<DANHSACHHOSO>\n\t\t\t<HOSO>{files}\n\
             \t\t\t</HOSO>\n\t\t</DANHSACHHOSO>\n\t</THONGTINHOSO>\n\t<CHUKYDONVI>\n\t\t<CKS_NGUOI_KET_LUAN></CKS_NGUOI_KET_LUAN>\n\
             \t\t<CKS_BENH_VIEN></CKS_BENH_VIEN>\n\t</CHUKYDONVI>\n</KHAMSUCKHOE>",
            self.facility
        )
    }

    /// A certificate of death (`HSDLGBT`), whose content is signed by its `Id`.
    pub fn death_certificate(&mut self) -> String {
        let (name, day, number) = (self.name(), self.day(), self.draw(10_000));
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<HSDLGBT>\n  <GIAYBAOTU Id=\"Id-{number}\"><MA_GBT>{number}</MA_GBT><HO_TEN>{name}</HO_TEN>\
             <NGAY_TU>{day}</NGAY_TU><SO_BAOTU>{number}/2026</SO_BAOTU><MACSKCB>{}</MACSKCB></GIAYBAOTU>\n  <CHUKYDONVI />\n</HSDLGBT>",
            self.facility
        )
    }

    /// A certificate of birth (`HSDLGCS`).
    pub fn birth_certificate(&mut self) -> String {
        let (mother, day, number) = (self.name(), self.day(), self.draw(10_000));
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<HSDLGCS>\n  <GIAYCHUNGSINH Id=\"Id-{number}\"><MA_GCS>{number}</MA_GCS>\
             <HO_TEN_NND>{mother}</HO_TEN_NND><NGAY_SINH_CON>{day}1015</NGAY_SINH_CON></GIAYCHUNGSINH>\n  <CHUKYDONVI />\n</HSDLGCS>"
        )
    }

    /// A package of certificates (`HSCHUNGTU`) without an element for the signature, as many builders leave it.
    pub fn certificates(&mut self, count: usize) -> String {
        let mut list = String::new();
        for _ in 0..count {
            let content = format!(
                "<CT03><HO_TEN>{}</HO_TEN><MACSKCB>{}</MACSKCB></CT03>",
                self.name(),
                self.facility
            );
            let _ = write!(
                list,
                "<HOSO><FILEHOSO><LOAIHOSO>CT03</LOAIHOSO><NOIDUNGFILE>{}</NOIDUNGFILE></FILEHOSO></HOSO>",
                STANDARD.encode(content)
            );
        }
        let (number, day) = (self.draw(1_000), self.day());
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><HSCHUNGTU><THONGTINDONVI><MACSKCB>{}</MACSKCB></THONGTINDONVI>\
             <THONGTINHOSO Id=\"goi-{}\"><NGAYLAP>{}</NGAYLAP><SOLUONGHOSO>{count}</SOLUONGHOSO><DANHSACHHOSO>{list}</DANHSACHHOSO>\
             </THONGTINHOSO></HSCHUNGTU>",
            self.facility, number, day
        )
    }
}

/// A message between agencies (`edXML`) with these attachments: names and bytes.
pub fn edxml(from: &str, to: &str, attachments: &[(&str, &[u8])]) -> String {
    let agency = |code: &str, name: &str| {
        format!("<edXML:OrganId>{code}</edXML:OrganId><edXML:OrganName>{name}</edXML:OrganName>")
    };
    let (mut references, mut encoded) = (String::new(), String::new());
    for (index, (name, content)) in attachments.iter().enumerate() {
        let _ = write!(
            references,
            "<edXML:Reference xlink:href=\"cid:tep-{index}\"><edXML:ContentType>application/pdf</edXML:ContentType>\
             <edXML:AttachmentName>{name}</edXML:AttachmentName></edXML:Reference>"
        );
        let _ = write!(
            encoded,
            "    <edXML:Attachment>\n      <edXML:ContentType>application/pdf</edXML:ContentType>\n\
             \x20     <edXML:ContentId>cid:tep-{index}</edXML:ContentId>\n      <edXML:AttachmentName>{name}</edXML:AttachmentName>\n\
             \x20     <edXML:ContentTransferEncoded>{}</edXML:ContentTransferEncoded>\n    </edXML:Attachment>\n",
            STANDARD.encode(content)
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <edXML:edXML xmlns:edXML=\"http://www.mic.gov.vn/TBT/QCVN_102_2016\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n\
         \x20 <edXML:edXMLEnvelope>\n    <edXML:edXMLHeader>\n      <edXML:MessageHeader>\n        <edXML:From>{}</edXML:From>\n\
         \x20       <edXML:To>{}</edXML:To>\n        <edXML:Code><edXML:CodeNumber>77</edXML:CodeNumber><edXML:CodeNotation>QĐ-UBND</edXML:CodeNotation></edXML:Code>\n\
         \x20       <edXML:Subject>V/v sắp xếp đơn vị hành chính</edXML:Subject>\n        <edXML:DocumentId>{from},2026/11/23,77/QĐ-UBND</edXML:DocumentId>\n\
         \x20     </edXML:MessageHeader>\n      <edXML:TraceHeaderList><edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType></edXML:Bussiness></edXML:TraceHeaderList>\n\
         \x20     <edXML:DigitalSignature/>\n    </edXML:edXMLHeader>\n    <edXML:edXMLBody><edXML:edXMLManifest>{references}</edXML:edXMLManifest></edXML:edXMLBody>\n\
         \x20 </edXML:edXMLEnvelope>\n  <edXML:AttachmentEncoded>\n{encoded}  </edXML:AttachmentEncoded>\n</edXML:edXML>\n",
        agency(from, "Ủy ban nhân dân tỉnh Quảng Ngãi"),
        agency(to, "Văn phòng Chính phủ"),
    )
}
