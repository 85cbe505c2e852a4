//! The unit that manages a signer, read from the subject's distinguished name.

use kyso_x509::Name;
use kyso_x509::name::{
    COMMON_NAME, COUNTRY, ORGANIZATION, ORGANIZATIONAL_UNIT, escape_for_display,
};

/// The organization and its units, the nearest to the person first: `TRƯỜNG THCS A, UBND XÃ B, UBND TỈNH C`.
///
/// Certificates of public service name the chain of units in O and repeated OU, from the root of the directory; some
/// authorities write the whole name the other way round, which the place of C against CN tells. `None` where there is no
/// unit at all.
#[must_use]
pub fn managing(subject: &Name) -> Option<String> {
    let attributes = subject.attributes();
    let place = |oid| attributes.iter().position(|attribute| attribute.oid == oid);
    let from_the_leaf = matches!(
        (place(COUNTRY), place(COMMON_NAME)),
        (Some(country), Some(common_name)) if country > common_name
    );
    let mut units: Vec<_> = attributes
        .iter()
        .filter(|one| one.oid == ORGANIZATION || one.oid == ORGANIZATIONAL_UNIT)
        .filter_map(|one| one.text.as_deref())
        .filter(|text| !text.trim().is_empty())
        .map(escape_for_display)
        .collect();
    if !from_the_leaf {
        units.reverse();
    }
    (!units.is_empty()).then(|| units.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kyso_reissue::dn::parse;

    fn unit(text: &str) -> Option<String> {
        managing(&parse(text).expect("a name"))
    }

    #[test]
    fn the_nearest_unit_stands_first() {
        let name = "CN=Hà Văn Tý,OU=TRƯỜNG THCS ĐĂK HÀ,OU=ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ,O=ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI,L=Quảng Ngãi,C=VN";
        let want = "TRƯỜNG THCS ĐĂK HÀ, ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ, ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI";
        assert_eq!(unit(name).as_deref(), Some(want));
        // The same name encoded from the leaf.
        let turned = "C=VN,L=Quảng Ngãi,O=ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI,OU=ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ,OU=TRƯỜNG THCS ĐĂK HÀ,CN=Hà Văn Tý";
        assert_eq!(unit(turned).as_deref(), Some(want));
    }

    #[test]
    fn an_agency_is_managed_by_its_organization() {
        assert_eq!(
            unit("CN=CỤC THUẾ,O=BỘ TÀI CHÍNH,L=Hà Nội,C=VN").as_deref(),
            Some("BỘ TÀI CHÍNH")
        );
        assert_eq!(unit("CN=Hà Văn Tý,C=VN"), None);
    }
}
