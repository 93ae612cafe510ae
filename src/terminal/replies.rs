//! Answers of a terminal among the keys that are typed meanwhile: a parser that takes bytes as they come.

use super::Facts;
use crate::raster::CellShape;

/// Bytes of an answer at most; longer ones are dropped.
const LONGEST: usize = 4096;
const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// What was answered so far. Bytes that are no answers are keys, kept whole in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    /// What is known.
    pub facts: Facts,
    keys: Vec<Vec<u8>>,
    pending: Vec<u8>,
    heard_kitty: bool,
}

/// How an answer to the last of kitty's questions begins.
const LAST_OF_KITTY: &[u8] = b"\x1b_Gi=32";

/// How much of the pending bytes is known to belong together.
enum Piece {
    /// Not to be told yet.
    Unfinished,
    /// So many are a key.
    Key(usize),
    /// So many are an answer, or something to be dropped.
    Answer(usize),
}

impl Replies {
    /// Takes what was read, in pieces of any size.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        loop {
            match piece(&self.pending) {
                // Only how it began and how it goes on matters.
                Piece::Unfinished if self.pending.len() > LONGEST => drop(self.pending.drain(2..LONGEST)),
                Piece::Unfinished => return,
                Piece::Key(count) => {
                    let key = self.pending.drain(..count).collect();
                    self.keys.push(key);
                }
                Piece::Answer(count) => {
                    let answer: Vec<u8> = self.pending.drain(..count).collect();
                    learn(&mut self.facts, &answer);
                    self.heard_kitty |= answer.starts_with(LAST_OF_KITTY);
                }
            }
            if self.pending.is_empty() {
                return;
            }
        }
    }

    /// Whether the last of kitty's questions was answered, by yes or no: who answers one answers all.
    pub fn heard_kitty(&self) -> bool {
        self.heard_kitty
    }

    /// Keys typed so far, each the bytes that the terminal sent for it.
    pub fn take_keys(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.keys)
    }

    /// Nothing came for a moment: an Escape alone is the key.
    pub fn pause(&mut self) {
        if self.pending == [ESC] {
            self.keys.push(std::mem::take(&mut self.pending));
        }
    }

    /// No more will come: an Escape that nothing followed was the key, an answer that was cut off is none.
    pub fn end(&mut self) {
        if matches!(self.pending[..], [ESC] | [ESC, b'[' | b'O' | b'P' | b'_' | b']']) {
            self.keys.push(std::mem::take(&mut self.pending));
        }
        self.pending.clear();
    }
}

fn piece(bytes: &[u8]) -> Piece {
    match bytes {
        [] | [ESC] => Piece::Unfinished,
        [ESC, b'[', rest @ ..] => control(rest),
        [ESC, b'O', rest @ ..] => {
            if rest.is_empty() {
                Piece::Unfinished
            } else {
                Piece::Key(3)
            }
        }
        [ESC, b'P' | b'_' | b']', rest @ ..] => string(rest),
        [ESC, ESC, ..] => Piece::Key(1),
        [ESC, ..] => Piece::Key(2),
        [first, ..] => {
            let count = letter(*first);
            if bytes.len() < count { Piece::Unfinished } else { Piece::Key(count) }
        }
    }
}

/// Bytes of the UTF-8 letter that begins so.
fn letter(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

/// A control sequence after its `ESC [`: parameters, then a final byte.
fn control(rest: &[u8]) -> Piece {
    let Some(at) = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else { return Piece::Unfinished };
    let count = at + 3;
    match (rest[at], &rest[..at]) {
        // Cut off by another sequence.
        (ESC, _) => Piece::Answer(count - 1),
        (b'c' | b'y' | b't' | b'n', [_, ..]) => Piece::Answer(count),
        _ => Piece::Key(count),
    }
}

/// A string after its introducer, up to `ESC \` or BEL.
fn string(rest: &[u8]) -> Piece {
    for (at, &byte) in rest.iter().enumerate() {
        match (byte, rest.get(at + 1)) {
            (BEL, _) => return Piece::Answer(at + 3),
            (ESC, None) => return Piece::Unfinished,
            (ESC, Some(b'\\')) => return Piece::Answer(at + 4),
            // Cut off by another sequence.
            (ESC, Some(_)) => return Piece::Answer(at + 2),
            _ => {}
        }
    }
    Piece::Unfinished
}

/// What an answer says; nothing if it is cut off or about something else.
fn learn(facts: &mut Facts, answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_end_matches(['\x07']).trim_end_matches("\x1b\\");
    if let Some(list) = text.strip_prefix("\x1b[?").and_then(|rest| rest.strip_suffix('c')) {
        facts.complete = true;
        facts.sixel |= list.split(';').skip(1).any(|attribute| attribute == "4");
    } else if let Some(state) = text.strip_prefix("\x1b[?2026;").and_then(|rest| rest.strip_suffix("$y")) {
        facts.sync = Some(matches!(state, "1" | "2" | "3"));
    } else if let Some(size) = text.strip_prefix("\x1b[6;").and_then(|rest| rest.strip_suffix('t')) {
        let numbers: Vec<u16> = size.split(';').filter_map(|number| number.parse().ok()).collect();
        if let [height, width] = numbers[..] {
            facts.cell = CellShape::new(width, height).or(facts.cell);
        }
    } else if let Some(name) = text.strip_prefix("\x1bP>|") {
        let plain: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        facts.name = Some(plain).filter(|name| !name.is_empty()).or(facts.name.take());
    } else if let Some(set) = text.strip_prefix("\x1bP1$r") {
        facts.true_color |= set.replace(':', ";").replace(";;", ";").contains("48;2;1;2;3");
    } else if let Some(image) = text.strip_prefix("\x1b_Gi=") {
        facts.kitty |= image == "31;OK";
        facts.kitty_zlib |= image == "32;OK";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KITTY: &str = "\x1b_Gi=31;OK\x1b\\\x1b_Gi=32;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1bP1$r0;48:2:1:2:3m\x1b\\\
                         \x1b[?2026;2$y\x1b[6;20;9t\x1b[?62;4;52c";

    fn parsed(pieces: &[&[u8]]) -> (Facts, Vec<u8>) {
        let mut replies = Replies::default();
        for piece in pieces {
            replies.push(piece);
        }
        replies.end();
        let keys = replies.take_keys().concat();
        (replies.facts, keys)
    }

    fn all() -> Facts {
        Facts {
            name: Some("kitty(0.35.2)".to_owned()),
            sixel: true,
            kitty: true,
            kitty_zlib: true,
            cell: CellShape::new(9, 20),
            sync: Some(true),
            true_color: true,
            complete: true,
            round_trip: None,
        }
    }

    #[test]
    fn answers_are_understood_in_pieces_of_any_size() {
        let bytes = KITTY.as_bytes();
        assert_eq!(parsed(&[bytes]), (all(), Vec::new()));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parsed(&single), (all(), Vec::new()));
        for at in 0..bytes.len() {
            assert_eq!(parsed(&[&bytes[..at], &bytes[at..]]), (all(), Vec::new()), "split at {at}");
        }
    }

    #[test]
    fn keys_typed_in_between_are_kept_in_their_order() {
        let typed = "j\x1b[?2026;2$y\x1b[A\x1b_Gi=31;OK\x1b\\é\x1bOB\x1bx\x1b[1;2D\x1b[<0;5;6M\x1b[?1;2cq\x1b";
        let (facts, keys) = parsed(&[typed.as_bytes()]);
        assert_eq!(String::from_utf8(keys).unwrap(), "j\x1b[Aé\x1bOB\x1bx\x1b[1;2D\x1b[<0;5;6Mq\x1b");
        assert!(facts.kitty && facts.complete && facts.sync == Some(true) && !facts.sixel);
    }

    #[test]
    fn an_escape_that_nothing_follows_is_the_key() {
        let mut replies = Replies::default();
        replies.push(b"a\x1b");
        assert_eq!(replies.take_keys(), [b"a"]);
        replies.pause();
        assert_eq!(replies.take_keys(), [b"\x1b"]);
        replies.push(b"\x1b[?62");
        replies.pause();
        replies.push(b";4c");
        assert!(replies.take_keys().is_empty() && replies.facts.sixel);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(parsed(&[]), (Facts::default(), Vec::new()));
        assert!(parsed(&[b"abc"]).0.is_silent());
    }

    #[test]
    fn refusals_are_no_abilities() {
        let (facts, _) = parsed(&[b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1bP0$r\x1b\\\x1b[?2026;0$y\x1b[6;0;0t\x1b[?1;2c"]);
        assert_eq!(facts, Facts { sync: Some(false), complete: true, ..Facts::default() });
        assert!(!parsed(&[b"\x1b[?64;14;42c"]).0.sixel, "only attribute 4 means sixels");
        assert!(!parsed(&[b"\x1b[?4;6c"]).0.sixel, "the first number is the terminal's level");
    }

    #[test]
    fn garbled_answers_are_dropped_and_later_ones_still_understood() {
        let garbled =
            ["\x1b[?2026\x1b[?62;4c", "\x1bP>|half\x1b[?62;4c", "\x1b_Gi=31;O\x1b[?62;4c", "\x1b[6;;t\x1b[?62;4c"];
        for text in garbled {
            let (facts, keys) = parsed(&[text.as_bytes()]);
            assert!(facts.sixel && facts.complete && !facts.kitty, "{text:?}");
            assert_eq!(keys, b"", "{text:?}");
        }
        let endless = [b"\x1bP".to_vec(), vec![b'x'; 2 * LONGEST], b"\x1b\\\x1b[?62;4c".to_vec()].concat();
        let parts: Vec<&[u8]> = endless.chunks(100).collect();
        assert_eq!(parsed(&parts), (Facts { complete: true, sixel: true, ..Facts::default() }, Vec::new()));
    }

    #[test]
    fn any_bytes_are_taken() {
        const PIECES: &[u8] = b"\x1b\x1b[]P_\\?;:c$ytn0123456789AG=\x07q\xc3\xa9\xff";
        let mut state = 1_u64;
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    PIECES[(state >> 33) as usize % PIECES.len()]
                })
                .collect();
            let parts: Vec<&[u8]> = bytes.chunks(7).collect();
            parsed(&parts);
        }
    }

    #[test]
    fn kitty_has_answered_when_its_last_question_is_answered_by_yes_or_no() {
        for last in ["\x1b_Gi=32;OK\x1b\\", "\x1b_Gi=32;EINVAL:no zlib\x1b\\"] {
            let mut replies = Replies::default();
            replies.push(b"\x1b[?1;2;4c\x1b_Gi=31;OK\x1b\\");
            assert!(replies.facts.complete && replies.facts.kitty && !replies.heard_kitty());
            replies.push(last.as_bytes());
            assert!(replies.heard_kitty());
            replies.end();
            assert!(replies.take_keys().is_empty());
        }
    }
}
