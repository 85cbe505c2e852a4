//! Passwords and the key derivation of RFC 7292 Appendix B.

use super::error::KeyFileError;
use ring::digest;
use zeroize::Zeroizing;

/// Longest password taken, in bytes of UTF-8; ten times any that a person types.
pub(super) const MAX_PASSWORD_LEN: usize = 1024;

/// Key derivation iterations spent on one file in all. Firefox writes 600,000 per bag, Java 10,000, OpenSSL and Windows
/// 2,048; ten million are some ten seconds of a slow machine, and a hostile file gets no more.
pub(super) const MAX_ITERATIONS: u64 = 10_000_000;

/// A password in the two encodings that key files use.
pub(super) struct Password {
    utf8: Zeroizing<Vec<u8>>,
    bmp: Zeroizing<Vec<u8>>,
}

impl Password {
    /// The forms a password may have been used in: one, save for the empty password, which some programs derive from
    /// no bytes and some from the two zero bytes of the terminator.
    pub(super) fn forms(password: &str) -> Result<Vec<Self>, KeyFileError> {
        if password.len() > MAX_PASSWORD_LEN {
            return Err(KeyFileError::PasswordTooLong { limit: MAX_PASSWORD_LEN });
        }
        // Appendix B.1: BMPString with its terminator. Characters beyond the BMP go as surrogates, as OpenSSL has it.
        let mut bmp = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
        for unit in password.encode_utf16() {
            bmp.extend_from_slice(&unit.to_be_bytes());
        }
        bmp.extend_from_slice(&[0, 0]);
        let mut forms = vec![Self { utf8: Zeroizing::new(password.as_bytes().to_vec()), bmp }];
        if password.is_empty() {
            forms.push(Self { utf8: Zeroizing::default(), bmp: Zeroizing::default() });
        }
        Ok(forms)
    }

    /// For PBES2 (RFC 8018): UTF-8, no terminator.
    pub(super) fn utf8(&self) -> &[u8] {
        &self.utf8
    }

    /// Derives `output` by Appendix B.2 with the digest given.
    pub(super) fn derive(
        &self,
        algorithm: &'static digest::Algorithm,
        purpose: Purpose,
        salt: &[u8],
        iterations: u32,
        output: &mut [u8],
    ) {
        derive(&self.bmp, algorithm, purpose, salt, iterations, output);
    }
}

/// The diversifier ID of Appendix B.3.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    EncryptionKey = 1,
    InitializationVector = 2,
    MacKey = 3,
}

/// How much derivation a file has asked for.
#[derive(Default)]
pub(super) struct Work {
    iterations: u64,
}

impl Work {
    /// Adds iterations before they are spent; fails where the file asks for too many.
    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), KeyFileError> {
        self.iterations = self.iterations.saturating_add(iterations);
        if self.iterations > MAX_ITERATIONS {
            return Err(KeyFileError::TooMuchWork {
                iterations: self.iterations,
                limit: MAX_ITERATIONS,
            });
        }
        Ok(())
    }
}

fn derive(
    password: &[u8],
    algorithm: &'static digest::Algorithm,
    purpose: Purpose,
    salt: &[u8],
    iterations: u32,
    output: &mut [u8],
) {
    let v = algorithm.block_len();
    // 1. D: v copies of the diversifier.
    let d = vec![purpose as u8; v];
    // 2., 3., 4. I = S‖P, each repeated to a multiple of v bytes.
    let mut i = Zeroizing::new(Vec::with_capacity(2 * v + salt.len() + password.len()));
    for part in [salt, password] {
        i.extend(part.iter().cycle().take(part.len().div_ceil(v) * v));
    }
    // 6. One block of output after the other.
    for block in output.chunks_mut(algorithm.output_len()) {
        // A. Hash D‖I, r times over.
        let mut context = digest::Context::new(algorithm);
        context.update(&d);
        context.update(&i);
        let mut a = context.finish();
        for _ in 1..iterations {
            a = digest::digest(algorithm, a.as_ref());
        }
        block.copy_from_slice(&a.as_ref()[..block.len()]);
        // B., C. Each v-byte block of I becomes I_j + B + 1 mod 2^(8v), B being A repeated to v bytes.
        for chunk in i.chunks_mut(v) {
            let mut carry = 1u16;
            for (index, byte) in chunk.iter_mut().enumerate().rev() {
                let b = a.as_ref()[index % algorithm.output_len()];
                carry += u16::from(*byte) + u16::from(b);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn derived(password: &str, purpose: Purpose, iterations: u32, length: usize) -> String {
        let mut output = vec![0; length];
        let salt = [1, 2, 3, 4, 5, 6, 7, 8];
        Password::forms(password).unwrap()[0].derive(
            &digest::SHA256,
            purpose,
            &salt,
            iterations,
            &mut output,
        );
        hex::encode(output)
    }

    #[test]
    fn openssl_derives_the_same() {
        let password = "Mật khẩu ngày 2/9 😀";
        let bmp: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        for (name, algorithm) in [
            ("SHA1", &digest::SHA1_FOR_LEGACY_USE_ONLY),
            ("SHA256", &digest::SHA256),
            ("SHA384", &digest::SHA384),
            ("SHA512", &digest::SHA512),
        ] {
            for purpose in [Purpose::EncryptionKey, Purpose::InitializationVector, Purpose::MacKey]
            {
                let salt: Vec<u8> = (0..77).collect();
                let mut ours = [0; 150];
                derive(&bmp, algorithm, purpose, &salt, 3, &mut ours);
                let output = Command::new("openssl")
                    .args(["kdf", "-binary", "-keylen", "150"])
                    .args(["-kdfopt", &format!("digest:{name}")])
                    .args(["-kdfopt", &format!("hexpass:{}", hex::encode(&bmp))])
                    .args(["-kdfopt", &format!("hexsalt:{}", hex::encode(&salt))])
                    .args(["-kdfopt", "iter:3", "-kdfopt", &format!("id:{}", purpose as u8)])
                    .arg("PKCS12KDF")
                    .output()
                    .expect("openssl is not installed; run `cargo xtask setup`");
                assert_eq!(output.stdout, ours, "{name} {purpose:?}");
            }
        }
    }

    #[test]
    fn known_answers() {
        let key = "fae4d4957a3cc781e1180b9d4fb79c1e0c8579b746a3177e5b0768a3118bf863";
        assert_eq!(derived("ge@äheim", Purpose::EncryptionKey, 100, 32), key);
        let iv = "e5ff813bc6547de5155b14d2fada85b3201a977349db6e26ccc998d9e8f83d6c";
        assert_eq!(derived("ge@äheim", Purpose::InitializationVector, 100, 32), iv);
    }

    #[test]
    fn work_is_bounded_in_sum() {
        let mut work = Work::default();
        work.spend(MAX_ITERATIONS - 1).unwrap();
        work.spend(1).unwrap();
        let refused = work.spend(1).unwrap_err();
        let expected =
            KeyFileError::TooMuchWork { iterations: MAX_ITERATIONS + 1, limit: MAX_ITERATIONS };
        assert_eq!(refused, expected);
        assert!(work.spend(u64::MAX).is_err());
    }
}
