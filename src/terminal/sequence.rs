//! What goes into control sequences, and what goes around them.

/// `text` wrapped, if `wrapped`, so that tmux hands it on to the terminal around it.
pub fn for_tmux(text: &str, wrapped: bool) -> String {
    if wrapped { format!("\x1bPtmux;{}\x1b\\", text.replace('\x1b', "\x1b\x1b")) } else { text.to_owned() }
}

/// Bytes as letters that a sequence, or a text around a picture, may carry (RFC 4648, with padding).
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group =
        |group: &[u8]| -> [char; 4] {
            let bits = group.iter().chain(&[0, 0]).take(3).fold(0, |bits: u32, &byte| bits << 8 | u32::from(byte));
            std::array::from_fn(|i| {
                if i > group.len() { '=' } else { LETTERS[(bits >> (18 - 6 * i)) as usize & 63].into() }
            })
        };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_the_rfcs() {
        for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }
}
