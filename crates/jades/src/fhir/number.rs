//! Numbers as ECMAScript writes them (RFC 8785 §3.2.2.3).

/// The decimal digits of a number without zeros at either end, and the power of ten: `0.digits × 10^point`.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    point: i64,
}

/// The text that ECMAScript gives the double nearest to a JSON number; `None` where that is another number.
pub(super) fn rfc8785(number: &str) -> Option<String> {
    let stated = decimal(number)?;
    let double: f64 = number.parse().ok()?;
    // The fewest digits that give the double back, as ECMAScript wants them.
    let shortest = decimal(&format!("{double:e}"))?;
    if stated.digits.is_empty() {
        return Some("0".to_owned());
    }
    (stated == shortest).then(|| written(&shortest))
}

/// Takes a JSON number, or what `{:e}` makes, apart.
fn decimal(number: &str) -> Option<Decimal> {
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    if !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = all.trim_start_matches('0');
    let leading = i64::try_from(all.len() - digits.len()).ok()?;
    let point = i64::try_from(whole.len()).ok()? - leading + i64::from(exponent);
    Some(Decimal { negative, digits: digits.trim_end_matches('0').to_owned(), point })
}

/// ECMA-262 §6.1.6.1.20, Number::toString, with its k, n and s.
fn written(decimal: &Decimal) -> String {
    let Decimal { negative, digits, point } = decimal;
    let sign = if *negative { "-" } else { "" };
    let k = digits.len();
    let n = *point;
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    let text = match usize::try_from(n) {
        // 5. k ≤ n ≤ 21: an integer.
        Ok(whole) if k <= whole && n <= 21 => {
            format!("{digits}{}", zeros(n.saturating_sub(i64::try_from(k).unwrap_or(n))))
        }
        // 6. 0 < n ≤ 21: digits on both sides of the point.
        Ok(whole) if 0 < n && n <= 21 => {
            let (before, after) = digits.split_at_checked(whole).unwrap_or((digits, ""));
            format!("{before}.{after}")
        }
        // 7. -6 < n ≤ 0.
        _ if -6 < n && n <= 0 => format!("0.{}{digits}", zeros(-n)),
        // 8. to 12.: an exponent.
        _ => {
            let e = n - 1;
            let plus = if e < 0 { "" } else { "+" };
            let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{plus}{e}")
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::rfc8785;
    use proptest::prelude::*;

    /// RFC 8785 appendix B, of those that a decimal states exactly, and what FHIR has.
    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (stated, written) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0"),
            ("0e99999", "0"),
            ("5e-324", "5e-324"),
            ("-5e-324", "-5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("9007199254740992", "9007199254740992"),
            ("-9007199254740992", "-9007199254740992"),
            ("295147905179352830000", "295147905179352830000"),
            ("9.999999999999997e22", "9.999999999999997e+22"),
            ("1E23", "1e+23"),
            ("1e21", "1e+21"),
            ("100000000000000000000", "100000000000000000000"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("333333333.3333333", "333333333.3333333"),
            ("6.30", "6.3"),
            ("-120.0", "-120"),
            ("1.5e2", "150"),
        ] {
            assert_eq!(rfc8785(stated).as_deref(), Some(written), "{stated}");
        }
    }

    #[test]
    fn numbers_that_would_change_are_refused() {
        for stated in ["9007199254740993", "1e400", "0.1000000000000000055", "1e99999999999999"] {
            assert_eq!(rfc8785(stated), None, "{stated}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_the_same_number(double in any::<f64>()) {
            prop_assume!(double.is_finite());
            let written = rfc8785(&format!("{double:e}")).unwrap();
            prop_assert_eq!(written.parse::<f64>().unwrap(), double);
            prop_assert_eq!(rfc8785(&written), Some(written));
        }
    }
}
