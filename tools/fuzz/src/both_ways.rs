//! The invariant of every codec of this workspace: what is read can be written, and is read again as the same.

use core::fmt::Debug;

/// What is accepted is written again octet for octet: strict decoders leave one form for each value.
pub fn octets<T, E, F>(input: &[u8], decode: impl Fn(&[u8]) -> Result<T, E>, encode: impl Fn(&T) -> Result<Vec<u8>, F>)
where
    F: Debug,
{
    let Ok(value) = decode(input) else { return };
    match encode(&value) {
        Ok(written) => assert!(written == input, "read {} octets, wrote {} others", input.len(), written.len()),
        Err(error) => assert!(false_because(&error), "what was read cannot be written: {error:?}"),
    }
}

/// What is accepted is written in a form that is read as the same value, and written again the same.
pub fn values<T, E, F>(input: &[u8], decode: impl Fn(&[u8]) -> Result<T, E>, encode: impl Fn(&T) -> Result<Vec<u8>, F>)
where
    T: PartialEq + Debug,
    E: Debug,
    F: Debug,
{
    let Ok(value) = decode(input) else { return };
    let written = encode(&value);
    let Ok(written) = written else {
        assert!(false_because(&written), "what was read cannot be written: {written:?}");
        return;
    };
    let again = decode(&written);
    assert!(again.as_ref().is_ok_and(|again| *again == value), "{value:?} became {again:?}");
}

/// False, in a way that the compiler does not know: the message is the point.
fn false_because<T>(_: &T) -> bool {
    false
}
