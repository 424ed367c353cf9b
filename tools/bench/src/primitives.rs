//! What the bare libraries need for one primitive, measured on the thread and in the run in which cards are made.
//!
//! Operations on numbers have a time for each call. Ciphers, MACs and hashes have one for each call and one for each
//! octet, from a short and a long message.

use std::hint::black_box;
use std::time::Duration;

use aes::{Aes128, Aes192, Aes256};
use bitaqa_tally::{Count, Operation};
use cbc::{Decryptor, Encryptor};
use cipher::array::Array;
use cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, Iv, Key, KeyInit,
};
use cmac::{Cmac, Mac};
use elliptic_curve::group::Group as _;
use elliptic_curve::{Generate, NonZeroScalar};
use p256::{NistP256, ProjectivePoint};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::cpu::CpuTime;
use crate::line::Outcome;

/// Octets of the short and the long message.
const LENGTHS: [usize; 2] = [16, 16 << 10];

/// Nanoseconds of one primitive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// What it is.
    pub operation: Operation,
    /// With which algorithm.
    pub algorithm: &'static str,
    /// For a call.
    pub call_ns: f64,
    /// For each octet on top.
    pub octet_ns: f64,
}

/// One round of measurements over every primitive that [`price`] may need. Rounds of different moments are joined by
/// [`medians`].
///
/// # Errors
/// None that a working library causes.
pub fn measure() -> Outcome<Vec<Unit>> {
    let mut units = curve()?;
    units.extend(cipher::<Aes128>("AES-128")?);
    units.extend(cipher::<Aes192>("AES-192")?);
    units.extend(cipher::<Aes256>("AES-256")?);
    units.push(hash::<Sha1>("SHA-1"));
    units.push(hash::<Sha256>("SHA-256"));
    units.push(hash::<Sha384>("SHA-384"));
    units.push(hash::<Sha512>("SHA-512"));
    Ok(units)
}

/// The median of each unit over the rounds.
pub fn medians(rounds: &[Vec<Unit>]) -> Vec<Unit> {
    let all = |unit: &Unit, value: fn(&Unit) -> f64| {
        let same = |other: &&Unit| (other.operation, other.algorithm) == (unit.operation, unit.algorithm);
        median(rounds.iter().flatten().filter(same).map(value).collect())
    };
    let first = rounds.first().into_iter().flatten();
    first
        .map(|unit| Unit {
            call_ns: all(unit, |unit| unit.call_ns),
            octet_ns: all(unit, |unit| unit.octet_ns),
            ..*unit
        })
        .collect()
}

/// The middle of the values; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Nanoseconds that the bare libraries need for what was counted.
///
/// # Errors
/// A primitive without a unit: a sum that leaves something out would flatter the ratio's denominator.
pub fn price(counts: &[Count], units: &[Unit]) -> Outcome<f64> {
    let mut sum = 0.0;
    for count in counts {
        let same = |unit: &&Unit| (unit.operation, unit.algorithm) == (count.operation, count.algorithm);
        let unit = units.iter().find(same);
        let unit = unit.ok_or_else(|| format!("no unit for {:?} with {}", count.operation, count.algorithm))?;
        sum += unit.call_ns * as_f64(count.calls) + unit.octet_ns * as_f64(count.octets);
    }
    Ok(sum)
}

/// Counts and octets stay far below 2^52.
#[allow(clippy::cast_precision_loss, reason = "exact below 2^52")]
pub fn as_f64(number: u64) -> f64 {
    number as f64
}

/// Nanoseconds of a call: as many of them as fill some milliseconds, the median of a few batches, as cards are told by
/// their median too.
fn time(mut run: impl FnMut()) -> f64 {
    let mut calls = 1;
    loop {
        let took = batch(calls, &mut run);
        if took > Duration::from_millis(2) || calls > 1 << 24 {
            let batches = (0..5).map(|_| batch(calls, &mut run).as_secs_f64()).collect();
            return median(batches) * 1e9 / f64::from(calls);
        }
        calls *= 2;
    }
}

fn batch(calls: u32, run: &mut impl FnMut()) -> Duration {
    let start = CpuTime::now();
    for _ in 0..calls {
        run();
    }
    start.elapsed()
}

/// P-256: multiplications end in affine coordinates, since every protocol sends or hashes them.
fn curve() -> Outcome<Vec<Unit>> {
    let mut rng = ChaCha20Rng::seed_from_u64(256);
    let scalar = NonZeroScalar::<NistP256>::generate_from_rng(&mut rng);
    let point = ProjectivePoint::mul_by_generator(scalar.as_ref());
    let affine = point.to_affine();
    let digest = Sha256::digest(b"digest");
    let (signature, _) = ecdsa::hazmat::sign_prehashed_rfc6979::<NistP256, Sha256>(&scalar, &digest, &[]);
    ecdsa::hazmat::verify_prehashed(&point, &digest, &signature)?;
    let unit = |operation, call_ns| Unit { operation, algorithm: "P-256", call_ns, octet_ns: 0.0 };
    let scalar_ref = || *black_box(&scalar).as_ref();
    Ok(vec![
        unit(
            Operation::GeneratorMultiplication,
            time(|| {
                black_box(ProjectivePoint::mul_by_generator(&scalar_ref()).to_affine());
            }),
        ),
        unit(
            Operation::PointMultiplication,
            time(|| {
                black_box((ProjectivePoint::from(*black_box(&affine)) * scalar_ref()).to_affine());
            }),
        ),
        unit(
            Operation::EcdsaSignature,
            time(|| {
                let digest = black_box(&digest);
                black_box(ecdsa::hazmat::sign_prehashed_rfc6979::<NistP256, Sha256>(black_box(&scalar), digest, &[]));
            }),
        ),
        unit(
            Operation::EcdsaVerification,
            time(|| {
                let _ = black_box(ecdsa::hazmat::verify_prehashed(black_box(&point), &digest, &signature));
            }),
        ),
    ])
}

/// A block cipher in CBC and CMAC.
fn cipher<C>(algorithm: &'static str) -> Outcome<[Unit; 4]>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + KeyInit + Clone + cmac::block_api::CmacCipher,
    Cmac<C>: Mac + KeyInit,
{
    let key = Key::<C>::default();
    let cipher = C::new(&key);
    let octets = vec![0x5A_u8; LENGTHS.into_iter().max().unwrap_or_default()];
    let mac = Cmac::<C>::new_from_slice(&key).map_err(|_| "key length")?;
    let expansion = time(|| {
        black_box(C::new(black_box(&key)));
    });
    let encryption = both(|length| {
        let mut octets = octets.clone();
        time(|| {
            let (blocks, _) = Array::slice_as_chunks_mut(octets.get_mut(..length).unwrap_or_default());
            let blocks: &mut [Block<C>] = blocks;
            Encryptor::<&C>::inner_iv_init(&cipher, &Iv::<Encryptor<&C>>::default()).encrypt_blocks(blocks);
        })
    });
    let decryption = both(|length| {
        let mut octets = octets.clone();
        time(|| {
            let (blocks, _) = Array::slice_as_chunks_mut(octets.get_mut(..length).unwrap_or_default());
            let blocks: &mut [Block<C>] = blocks;
            Decryptor::<&C>::inner_iv_init(&cipher, &Iv::<Decryptor<&C>>::default()).decrypt_blocks(blocks);
        })
    });
    let mac = both(|length| {
        let message = octets.get(..length).unwrap_or_default();
        time(|| {
            let mut mac = mac.clone();
            mac.update(black_box(message));
            black_box(mac.finalize());
        })
    });
    let unit = |operation, (call_ns, octet_ns)| Unit { operation, algorithm, call_ns, octet_ns };
    Ok([
        unit(Operation::KeyExpansion, (expansion, 0.0)),
        unit(Operation::Encryption, encryption),
        unit(Operation::Decryption, decryption),
        unit(Operation::Mac, mac),
    ])
}

fn hash<D: Digest>(algorithm: &'static str) -> Unit {
    let octets = vec![0x5A_u8; LENGTHS.into_iter().max().unwrap_or_default()];
    let (call_ns, octet_ns) = both(|length| {
        let message = octets.get(..length).unwrap_or_default();
        time(|| {
            black_box(D::digest(black_box(message)));
        })
    });
    Unit { operation: Operation::Hash, algorithm, call_ns, octet_ns }
}

/// Time of a call and of an octet, from the times of two lengths.
fn both(mut of_length: impl FnMut(usize) -> f64) -> (f64, f64) {
    let [short, long] = LENGTHS;
    let (of_short, of_long) = (of_length(short), of_length(long));
    let [short, long] = [short, long].map(|length| as_f64(u64::try_from(length).unwrap_or_default()));
    let octet = ((of_long - of_short) / (long - short)).max(0.0);
    ((of_short - octet * short).max(0.0), octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Operation = Operation::Hash;

    fn unit(operation: Operation, call_ns: f64, octet_ns: f64) -> Unit {
        Unit { operation, algorithm: "A", call_ns, octet_ns }
    }

    #[test]
    fn calls_and_octets_have_their_price_and_nothing_is_free() {
        let units = [unit(HASH, 100.0, 2.0), unit(Operation::Mac, 7.0, 0.0)];
        let count = |operation, algorithm, calls, octets| Count { operation, algorithm, calls, octets };
        let counts = [count(HASH, "A", 3, 50), count(Operation::Mac, "A", 2, 9)];
        let sum = price(&counts, &units).unwrap();
        assert!((sum - (300.0 + 100.0 + 14.0)).abs() < 1e-9, "{sum}");
        let unknown = price(&[count(HASH, "B", 1, 0)], &units).unwrap_err();
        assert_eq!(unknown.to_string(), "no unit for Hash with B");
    }

    #[test]
    fn the_median_forgets_the_outlier() {
        let rounds = [1.0, 900.0, 3.0].map(|ns| vec![unit(HASH, ns, 0.0)]);
        assert_eq!(medians(&rounds), [unit(HASH, 3.0, 0.0)]);
        assert_eq!(medians(&[]), []);
    }

    #[test]
    fn two_lengths_give_a_call_and_an_octet() {
        let (call, octet) = both(|length| 500.0 + 0.25 * as_f64(length.try_into().unwrap()));
        assert!((call - 500.0).abs() < 1e-6 && (octet - 0.25).abs() < 1e-9, "{call} {octet}");
    }
}
