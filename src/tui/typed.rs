//! Keys as a terminal sends them, while its answer to saltty's question is awaited and crossterm does not listen yet.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// What these bytes of one key mean; nothing if it is none that saltty knows.
pub fn event(bytes: &[u8]) -> Option<Event> {
    let key = |modifiers, code| Some(Event::Key(KeyEvent::new(code, modifiers)));
    let plain = |code| key(KeyModifiers::NONE, code);
    match bytes {
        [b'\r' | b'\n'] => plain(KeyCode::Enter),
        [b'\t'] => plain(KeyCode::Tab),
        [0x7f | 0x08] => plain(KeyCode::Backspace),
        [0x1b] => plain(KeyCode::Esc),
        [byte @ 1..=26] => key(KeyModifiers::CONTROL, KeyCode::Char(char::from(byte - 1 + b'a'))),
        [0x1b, b'O' | b'[', last] => plain(named(*last)?),
        [0x1b, b'[', b'<', rest @ ..] => mouse(rest),
        [0x1b, b'[', rest @ .., b'~'] => match rest {
            b"1" | b"7" => plain(KeyCode::Home),
            b"3" => plain(KeyCode::Delete),
            b"4" | b"8" => plain(KeyCode::End),
            b"5" => plain(KeyCode::PageUp),
            b"6" => plain(KeyCode::PageDown),
            _ => None,
        },
        [0x1b, b'[', b'1', b';', b'2', last] => key(KeyModifiers::SHIFT, named(*last)?),
        [0x1b, rest @ ..] => key(KeyModifiers::ALT, KeyCode::Char(letter(rest)?)),
        _ => plain(KeyCode::Char(letter(bytes)?)),
    }
}

fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        _ => return None,
    })
}

fn letter(bytes: &[u8]) -> Option<char> {
    let mut letters = std::str::from_utf8(bytes).ok()?.chars();
    letters.next().filter(|letter| !letter.is_control() && letters.next().is_none())
}

/// `BUTTON;COLUMN;ROW` and `M` for down or `m` for up, from 1.
fn mouse(rest: &[u8]) -> Option<Event> {
    let (last, numbers) = rest.split_last()?;
    let numbers: Vec<u16> = std::str::from_utf8(numbers).ok()?.split(';').filter_map(|n| n.parse().ok()).collect();
    let [button, column, row] = numbers[..] else { return None };
    let kind = match (button, last) {
        (0, b'M') => MouseEventKind::Down(MouseButton::Left),
        (0, b'm') => MouseEventKind::Up(MouseButton::Left),
        (32, b'M') => MouseEventKind::Drag(MouseButton::Left),
        (64, b'M') => MouseEventKind::ScrollUp,
        (65, b'M') => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let (column, row) = (column.saturating_sub(1), row.saturating_sub(1));
    Some(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_were_pressed() {
        let none = KeyModifiers::NONE;
        for (bytes, modifiers, code) in [
            ("q", none, KeyCode::Char('q')),
            ("é", none, KeyCode::Char('é')),
            ("\r", none, KeyCode::Enter),
            ("\x1b", none, KeyCode::Esc),
            ("\x03", KeyModifiers::CONTROL, KeyCode::Char('c')),
            ("\x1a", KeyModifiers::CONTROL, KeyCode::Char('z')),
            ("\x1b[A", none, KeyCode::Up),
            ("\x1bOD", none, KeyCode::Left),
            ("\x1b[6~", none, KeyCode::PageDown),
            ("\x1b[1;2C", KeyModifiers::SHIFT, KeyCode::Right),
            ("\x1bx", KeyModifiers::ALT, KeyCode::Char('x')),
        ] {
            assert_eq!(event(bytes.as_bytes()), Some(Event::Key(KeyEvent::new(code, modifiers))), "{bytes:?}");
        }
        let press = MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: 4, row: 5, modifiers: none };
        assert_eq!(event(b"\x1b[<0;5;6M"), Some(Event::Mouse(press)));
        for bytes in [&b""[..], b"\x1b[<0;5M", b"\x1b[200~", b"\xff", b"\x1b[1;9Z"] {
            assert_eq!(event(bytes), None, "{bytes:?}");
        }
    }
}
