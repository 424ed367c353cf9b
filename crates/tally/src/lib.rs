//! Counts the primitives of cryptography where the rooms call a library for them: scalar multiplications, signatures,
//! octets that a cipher or a hash took.
//!
//! A bench can then say how far a card is from the bare cryptography in it, by counts and not by guesses. Without the
//! feature `count` every function here is empty. With it the counts are the calling thread's own, so that cards made
//! side by side do not mix. No secret comes here: names of operations and lengths only.

/// What a library was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A scalar times the generator of a curve.
    GeneratorMultiplication,
    /// A scalar times another point of a curve.
    PointMultiplication,
    /// A point out of an octet string, by the integrated mapping of PACE.
    PointEncoding,
    /// An ECDSA signature made.
    EcdsaSignature,
    /// An ECDSA signature checked.
    EcdsaVerification,
    /// A power in the field of a DH group.
    Power,
    /// An RSA operation with the private key.
    RsaPrivate,
    /// An RSA operation with the public key.
    RsaPublic,
    /// Blocks through a cipher, forwards.
    Encryption,
    /// Blocks through a cipher, backwards.
    Decryption,
    /// Octets into a MAC.
    Mac,
    /// A cipher's key expanded.
    KeyExpansion,
    /// Octets into a hash.
    Hash,
}

/// What was counted of one operation with one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The operation.
    pub operation: Operation,
    /// Curve, group, cipher or hash, by its name in the standards.
    pub algorithm: &'static str,
    /// How often it was asked for.
    pub calls: u64,
    /// Octets in all; 0 for operations that take numbers.
    pub octets: u64,
}

/// Notes one call with so many octets.
#[inline]
pub fn note(operation: Operation, algorithm: &'static str, octets: usize) {
    counting::note(operation, algorithm, octets);
}

/// What this thread has counted since the last time it asked, in the order of operations; empty without the feature
/// `count`.
pub fn take() -> Vec<Count> {
    counting::take()
}

#[cfg(feature = "count")]
mod counting {
    use super::{Count, Operation};
    use std::cell::RefCell;

    thread_local! {
        // Some dozen rows: looking through them is faster than hashing.
        static COUNTS: RefCell<Vec<Count>> = const { RefCell::new(Vec::new()) };
    }

    pub fn note(operation: Operation, algorithm: &'static str, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        COUNTS.with_borrow_mut(|counts| {
            let same = |count: &&mut Count| count.operation == operation && count.algorithm == algorithm;
            match counts.iter_mut().find(same) {
                Some(count) => {
                    count.calls += 1;
                    count.octets += octets;
                }
                None => counts.push(Count { operation, algorithm, calls: 1, octets }),
            }
        });
    }

    pub fn take() -> Vec<Count> {
        let mut counts = COUNTS.take();
        counts.sort_by_key(|count| (count.operation, count.algorithm));
        counts
    }
}

#[cfg(not(feature = "count"))]
mod counting {
    use super::{Count, Operation};

    #[inline]
    pub fn note(_: Operation, _: &'static str, _: usize) {}

    pub fn take() -> Vec<Count> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both builds: nothing without the feature, sums by operation and algorithm with it.
    #[test]
    fn calls_and_octets_add_up_by_operation_and_algorithm() {
        note(Operation::Hash, "SHA-256", 3);
        note(Operation::Mac, "AES-128", 16);
        note(Operation::Hash, "SHA-256", 5);
        note(Operation::Hash, "SHA-1", 1);
        std::thread::spawn(|| note(Operation::Hash, "SHA-1", 100)).join().unwrap();
        let row = |operation, algorithm, calls, octets| Count { operation, algorithm, calls, octets };
        let expected = if cfg!(feature = "count") {
            vec![
                row(Operation::Mac, "AES-128", 1, 16),
                row(Operation::Hash, "SHA-1", 1, 1),
                row(Operation::Hash, "SHA-256", 2, 8),
            ]
        } else {
            Vec::new()
        };
        assert_eq!(take(), expected);
        assert_eq!(take(), [], "what was taken is gone");
    }
}
