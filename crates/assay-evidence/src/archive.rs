//! The file of a pack: a tar archive (POSIX ustar) in one spelling only.
//!
//! Any `tar` unpacks it. Reading makes each header anew from the member's name and size and compares it byte for byte, so
//! that nothing in the file is free: no time, owner, link, second member of a name or byte behind the end.

use crate::EvidenceError;

const BLOCK: usize = 512;
/// The most members of a pack.
const MOST: usize = 64;

fn header(name: &str, size: usize) -> Result<[u8; BLOCK], EvidenceError> {
    let mut block = [0u8; BLOCK];
    let fine = !name.is_empty()
        && name.len() < 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && !name.starts_with('.');
    if !fine {
        return Err(EvidenceError::Malformed("a member of the pack has a name that none has".into()));
    }
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    if size >= 1 << 33 {
        return Err(EvidenceError::Malformed(format!("`{name}` is too large for the pack")));
    }
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Writes members in their order.
///
/// # Errors
/// A name that cannot be one, or a member of 8 GiB or more.
pub fn write<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, EvidenceError> {
    let mut file = Vec::new();
    for (name, bytes) in members {
        file.extend_from_slice(&header(name, bytes.len())?);
        file.extend_from_slice(bytes);
        file.resize(file.len().next_multiple_of(BLOCK), 0);
    }
    file.resize(file.len() + 2 * BLOCK, 0);
    Ok(file)
}

/// Reads members in their order.
///
/// # Errors
/// Any byte that [`write`] would not have written.
pub fn read(file: &[u8]) -> Result<Vec<(&str, &[u8])>, EvidenceError> {
    let malformed = |why: String| Err(EvidenceError::Malformed(format!("this is no whole evidence pack: {why}")));
    let mut members: Vec<(&str, &[u8])> = Vec::new();
    let mut rest = file;
    loop {
        let Some((block, more)) = rest.split_first_chunk::<BLOCK>() else {
            return malformed("it is cut off".into());
        };
        if block.iter().all(|byte| *byte == 0) {
            return match more.len() == BLOCK && more.iter().all(|byte| *byte == 0) {
                true => Ok(members),
                false => malformed("it is cut off, or something stands behind its end".into()),
            };
        }
        let name = block[..100].split(|byte| *byte == 0).next().and_then(|name| std::str::from_utf8(name).ok());
        let size = std::str::from_utf8(&block[124..135]).ok().and_then(|size| usize::from_str_radix(size, 8).ok());
        let (Some(name), Some(size)) = (name, size) else {
            return malformed("a header was changed, or it is no tar archive".into());
        };
        if header(name, size)? != *block {
            return malformed(format!("the header of `{name}` is not the one it was written with"));
        }
        if members.iter().any(|(known, _)| *known == name) {
            return malformed(format!("it has two members `{name}`"));
        }
        if members.len() == MOST {
            return malformed("it has too many members".into());
        }
        let padded = size.next_multiple_of(BLOCK);
        let Some((body, after)) = more.split_at_checked(padded) else {
            return malformed(format!("`{name}` is cut off"));
        };
        if body[size..].iter().any(|byte| *byte != 0) {
            return malformed(format!("something is hidden behind `{name}`"));
        }
        members.push((name, &body[..size]));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let file = write([("a.json", b"one".as_slice()), ("b", &[7; 600]), ("c", b"")]).unwrap();
        let members = read(&file).unwrap();
        assert_eq!(
            members.iter().map(|(name, bytes)| (*name, bytes.len())).collect::<Vec<_>>(),
            [("a.json", 3), ("b", 600), ("c", 0)]
        );
        for cut in [0, 1, 511, 512, 700, file.len() - 512, file.len() - 1] {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(read(&longer).is_err());
        let twice = write([("a", b"1".as_slice()), ("a", b"2")]).unwrap();
        assert!(read(&twice).unwrap_err().to_string().contains("two members"));
        for name in ["../a", "/etc/x", "", ".hidden", "a/b"] {
            assert!(write([(name, b"".as_slice())]).is_err(), "{name}");
        }
        // Only what a member holds may differ without being noticed here: its digest is signed.
        let inside = |at: usize| (512..515).contains(&at) || (1536..2136).contains(&at);
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert_eq!(read(&changed).is_ok(), inside(at), "byte {at}");
        }
    }

    #[test]
    fn other_programs_unpack_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar");
        std::fs::write(&path, write([("a.json", b"one".as_slice()), ("b", &[7; 600])]).unwrap()).unwrap();
        let Ok(status) = std::process::Command::new("tar").arg("-xf").arg(&path).current_dir(folder.path()).status()
        else {
            println!("skipped: there is no tar");
            return;
        };
        assert!(status.success());
        assert_eq!(std::fs::read(folder.path().join("a.json")).unwrap(), b"one");
        assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), [7; 600]);
    }
}
