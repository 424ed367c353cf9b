//! Arithmetic modulo the primes of RFC 5114, written once for both sizes and chosen at run time by [`in_group`].
//!
//! Functions take and give octets. An exponent is reduced modulo the order q and raised to in constant time over the
//! bits of q; values were checked before to be in the subgroup.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U256, U1024, U2048, Uint};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Calls a method of the [`Modp`] of a run-time [`DhGroup`](crate::DhGroup).
macro_rules! in_group {
    ($group:expr, $method:ident($($argument:expr),*)) => {
        match $group {
            $crate::DhGroup::Rfc5114_1024_160 => modp::GROUP_1024_160.$method($($argument),*),
            $crate::DhGroup::Rfc5114_2048_224 => modp::GROUP_2048_224.$method($($argument),*),
            $crate::DhGroup::Rfc5114_2048_256 => modp::GROUP_2048_256.$method($($argument),*),
        }
    };
}
pub(crate) use in_group;

/// A group of prime order q modulo a prime p of `LIMBS` words.
pub struct Modp<const LIMBS: usize> {
    params: FixedMontyParams<LIMBS>,
    g: Uint<LIMBS>,
    q: NonZero<U256>,
    q_bits: u32,
    /// (p - 1)/q
    cofactor: Uint<LIMBS>,
}

/// RFC 5114 §2.1
pub static GROUP_1024_160: LazyLock<Modp<{ U1024::LIMBS }>> =
    LazyLock::new(|| Modp::new(P_1024_160, G_1024_160, Q_160));

/// RFC 5114 §2.2
pub static GROUP_2048_224: LazyLock<Modp<{ U2048::LIMBS }>> =
    LazyLock::new(|| Modp::new(P_2048_224, G_2048_224, Q_224));

/// RFC 5114 §2.3
pub static GROUP_2048_256: LazyLock<Modp<{ U2048::LIMBS }>> =
    LazyLock::new(|| Modp::new(P_2048_256, G_2048_256, Q_256));

impl<const LIMBS: usize> Modp<LIMBS> {
    fn new(p: Odd<Uint<LIMBS>>, g: Uint<LIMBS>, q: Odd<U256>) -> Self {
        let q = *q.as_nz_ref();
        // Exact: q divides p - 1.
        let (cofactor, _) = p.as_ref().wrapping_sub(&Uint::ONE).div_rem_vartime(&q);
        Self { params: FixedMontyParams::new_vartime(p), g, q, q_bits: q.bits_vartime(), cofactor }
    }

    /// p, q and g without a sign octet.
    pub fn parameters(&self) -> [Vec<u8>; 3] {
        [octets(self.p()), self.exponent_octets(&self.q).to_vec(), octets(&self.g)]
    }

    /// g.
    pub fn generator(&self) -> Vec<u8> {
        octets(&self.g)
    }

    fn p(&self) -> &Uint<LIMBS> {
        self.params.modulus().as_ref()
    }

    /// Whether the number is in 2..p-2, RFC 2631 §2.1.5 step 1 without p - 1, which has order 2.
    pub fn is_in_range(&self, octets: &[u8]) -> bool {
        number::<LIMBS>(octets).is_some_and(|y| y > Uint::ONE && y < self.p().wrapping_sub(&Uint::ONE))
    }

    /// Whether y^q = 1, RFC 2631 §2.1.5 step 2. For numbers in range.
    pub fn is_in_subgroup(&self, octets: &[u8]) -> bool {
        number(octets).is_some_and(|y| self.form(&y).pow_bounded_exp(&*self.q, self.q_bits) == self.form(&Uint::ONE))
    }

    /// An exponent modulo q, as long as q; `None` for a multiple of q, zero included, and for more octets than p has.
    pub fn exponent(&self, octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if octets.len() > Uint::<LIMBS>::BYTES {
            return None;
        }
        let mut wide = Uint::<LIMBS>::from_be_slice_truncated(octets, Uint::<LIMBS>::BITS);
        let mut exponent = wide.rem(&self.q);
        wide.zeroize();
        let reduced = self.exponent_octets(&exponent);
        exponent.zeroize();
        let is_zero: bool = reduced.as_slice().ct_eq(vec![0; reduced.len()].as_slice()).into();
        (!is_zero).then_some(reduced)
    }

    /// Whether octets as long as q are a number of 1..q-1.
    pub fn is_exponent(&self, octets: &[u8]) -> bool {
        let exponent = Zeroizing::new(read_exponent(octets));
        *exponent < *self.q && *exponent != U256::ZERO
    }

    /// `base` to a secret exponent; as long as p. The base is a checked value of the group.
    pub fn power(&self, base: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
        let mut base = self.form(&number(base)?);
        let mut exponent = read_exponent(exponent);
        let mut power = base.pow_bounded_exp(&exponent, self.q_bits);
        exponent.zeroize();
        let result = element(&power);
        base.as_montgomery_mut().zeroize();
        power.as_montgomery_mut().zeroize();
        result
    }

    /// g^nonce · shared, 9303-11 §4.4.3.3.1; `None` for 1. The nonce has at most 32 octets.
    pub fn map_generic(&self, nonce: &[u8], shared: &[u8]) -> Option<Vec<u8>> {
        let mut wide = U256::from_be_slice_truncated(nonce, U256::BITS);
        let mut exponent = wide.rem(&self.q);
        wide.zeroize();
        let mut power = self.form(&self.g).pow_bounded_exp(&exponent, self.q_bits);
        exponent.zeroize();
        let mut shared = self.form(&number(shared)?);
        let result = element(&power.mul(&shared));
        power.as_montgomery_mut().zeroize();
        shared.as_montgomery_mut().zeroize();
        result
    }

    /// x^((p-1)/q) for x = octets modulo p, 9303-11 §4.4.3.3.2; `None` for 0 and 1, which generate nothing.
    pub fn map_integrated(&self, octets: &[u8]) -> Option<Vec<u8>> {
        // 2^64 a step, as many octets as the pseudo-random function has given.
        let shift = self.form(&Uint::from_u64(u64::MAX)).add(&self.form(&Uint::ONE));
        let mut x = octets.rchunks(8).rev().fold(self.form(&Uint::ZERO), |sum, chunk| {
            let word = chunk.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
            sum.mul(&shift).add(&self.form(&Uint::from_u64(word)))
        });
        let mapped = x.pow_bounded_exp(&self.cofactor, self.cofactor.bits_vartime());
        x.as_montgomery_mut().zeroize();
        element(&mapped)
    }

    fn form(&self, value: &Uint<LIMBS>) -> FixedMontyForm<LIMBS> {
        FixedMontyForm::new(value, &self.params)
    }

    /// As long as q.
    fn exponent_octets(&self, exponent: &U256) -> Zeroizing<Vec<u8>> {
        let full = Zeroizing::new(exponent.to_be_bytes());
        let octets = self.q_bits.div_ceil(8) as usize;
        Zeroizing::new(full.iter().skip(U256::BYTES - octets).copied().collect())
    }
}

/// A result as octets, unless it is 0 or 1.
fn element<const LIMBS: usize>(form: &FixedMontyForm<LIMBS>) -> Option<Vec<u8>> {
    let mut value = form.retrieve();
    let result = (value > Uint::ONE).then(|| octets(&value));
    value.zeroize();
    result
}

fn read_exponent(octets: &[u8]) -> U256 {
    U256::from_be_slice_truncated(octets, U256::BITS)
}

/// Exactly the octets of p.
fn number<const LIMBS: usize>(octets: &[u8]) -> Option<Uint<LIMBS>> {
    (octets.len() == Uint::<LIMBS>::BYTES).then(|| Uint::from_be_slice(octets))
}

fn octets<const LIMBS: usize>(value: &Uint<LIMBS>) -> Vec<u8> {
    value.to_be_bytes().as_ref().to_vec()
}

const P_1024_160: Odd<U1024> = Odd::<U1024>::from_be_hex(
    "\
        b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c0\
        13ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0\
        a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371",
);
const G_1024_160: U1024 = U1024::from_be_hex(
    "\
        a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b777e690f5504f213\
        160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28a\
        d662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5",
);
const Q_160: Odd<U256> = Odd::<U256>::from_be_hex("000000000000000000000000f518aa8781a8df278aba4e7d64b7cb9d49462353");

const P_2048_224: Odd<U2048> = Odd::<U2048>::from_be_hex(
    "\
        ad107e1e9123a9d0d660faa79559c51fa20d64e5683b9fd1b54b1597b61d0a75e6fa141df95a56dbaf9a3c407ba1df15\
        eb3d688a309c180e1de6b85a1274a0a66d3f8152ad6ac2129037c9edefda4df8d91e8fef55b7394b7ad5b7d0b6c12207\
        c9f98d11ed34dbf6c6ba0b2c8bbc27be6a00e0a0b9c49708b3bf8a317091883681286130bc8985db1602e714415d9330\
        278273c7de31efdc7310f7121fd5a07415987d9adc0a486dcdf93acc44328387315d75e198c641a480cd86a1b9e587e8\
        be60e69cc928b2b9c52172e413042e9b23f10b0e16e79763c9b53dcf4ba80a29e3fb73c16b8e75b97ef363e2ffa31f71\
        cf9de5384e71b81c0ac4dffe0c10e64f",
);
const G_2048_224: U2048 = U2048::from_be_hex(
    "\
        ac4032ef4f2d9ae39df30b5c8ffdac506cdebe7b89998caf74866a08cfe4ffe3a6824a4e10b9a6f0dd921f01a70c4afa\
        ab739d7700c29f52c57db17c620a8652be5e9001a8d66ad7c17669101999024af4d027275ac1348bb8a762d0521bc98a\
        e247150422ea1ed409939d54da7460cdb5f6c6b250717cbef180eb34118e98d119529a45d6f834566e3025e316a330ef\
        bb77a86f0c1ab15b051ae3d428c8f8acb70a8137150b8eeb10e183edd19963ddd9e263e4770589ef6aa21e7f5f2ff381\
        b539cce3409d13cd566afbb48d6c019181e1bcfe94b30269edfe72fe9b6aa4bd7b5a0f1c71cfff4c19c418e1f6ec0179\
        81bc087f2a7065b384b890d3191f2bfa",
);
const Q_224: Odd<U256> = Odd::<U256>::from_be_hex("00000000801c0d34c58d93fe997177101f80535a4738cebcbf389a99b36371eb");

const P_2048_256: Odd<U2048> = Odd::<U2048>::from_be_hex(
    "\
        87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00e00df8f1d61957d4faf7df4561b2aa30\
        16c3d91134096faa3bf4296d830e9a7c209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b\
        6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76b63acae1caa6b7902d52526735488a0e\
        f13c6d9a51bfa4ab3ad8347796524d8ef6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026\
        c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103a4b54330c198af126116d2276e11715f\
        693877fad7ef09cadb094ae91e1a1597",
);
const G_2048_256: U2048 = U2048::from_be_hex(
    "\
        3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba12510dbc15077be463fff4fed4aac0bb555\
        be3a6c1b0c6b47b1bc3773bf7e8c6f62901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b\
        777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193b5045af2767164e1dfc967c1fb3f2e55\
        a4bd1bffe83b9c80d052b985d182ea0adb2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915\
        b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c32f63078490f00ef8d647d148d4795451\
        5e2327cfef98c582664b4c0f6cc41659",
);
const Q_256: Odd<U256> = Odd::<U256>::from_be_hex("8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3");
