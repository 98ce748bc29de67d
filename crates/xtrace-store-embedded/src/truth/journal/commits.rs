//! One commit of a journal, as fjall 3 writes it: a start with the number of items, the items, and an end with a checksum
//! over them. Numbers are little-endian.
//!
//! | entry | bytes |
//! |---|---|
//! | start | 1, items (4), sequence number (8) |
//! | item | 2, kind (1), compression (1), keyspace (8), lengths of key (2), value (4) and value as written (4), key, value |
//! | clear | 4, keyspace (8) |
//! | end | 3, XXH3 of all items and clears (8), `FJL` and 3 |

use std::io::{BufRead, ErrorKind, Result};

use xxhash_rust::xxh3::Xxh3;

/// The last bytes of every commit.
pub const TRAILER: &[u8] = b"FJL\x03";

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// A commit that was read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its number, greater than that of all before it.
    pub seqno: u64,
    /// How long it is.
    pub bytes: u64,
}

/// Reads a commit; `None` where there is none with a number above `last_seqno` within `bytes_max`.
///
/// # Errors
/// The reader fails.
pub fn next(
    reader: &mut impl BufRead,
    bytes_max: u64,
    last_seqno: Option<u64>,
) -> Result<Option<Commit>> {
    let mut entries = Entries {
        reader,
        left: bytes_max,
        hash: Xxh3::new(),
    };
    let commit = match entries.commit() {
        Ok(seqno) if last_seqno.is_none_or(|last| seqno > last) => Some(Commit {
            seqno,
            bytes: bytes_max - entries.left,
        }),
        Ok(_) => None,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData
            ) =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    Ok(commit)
}

/// As [`next`], of bytes in memory.
pub fn next_in(mut bytes: &[u8], last_seqno: Option<u64>) -> Option<Commit> {
    // Nearly all bytes are none; this says so at once.
    if bytes.first() != Some(&START) || !matches!(bytes.get(13), Some(&(ITEM | CLEAR))) {
        return None;
    }
    let length = bytes.len() as u64;
    next(&mut bytes, length, last_seqno).ok().flatten()
}

struct Entries<'a, R> {
    reader: &'a mut R,
    /// Bytes that may still be read.
    left: u64,
    hash: Xxh3,
}

impl<R: BufRead> Entries<'_, R> {
    fn commit(&mut self) -> Result<u64> {
        if self.read::<1>()? != [START] {
            return Err(ErrorKind::InvalidData.into());
        }
        let items = u32::from_le_bytes(self.read()?);
        let seqno = u64::from_le_bytes(self.read()?);
        for _ in 0..items {
            self.item()?;
        }
        let hash = self.hash.digest();
        let is_end = self.read()? == [END];
        let is_intact = u64::from_le_bytes(self.read()?) == hash && self.read::<4>()? == *TRAILER;
        if items == 0 || !is_end || !is_intact {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(seqno)
    }

    fn item(&mut self) -> Result<()> {
        match self.read_hashed::<1>()? {
            [ITEM] => {
                let [_kind, _compression] = self.read_hashed()?;
                let _keyspace: [u8; 8] = self.read_hashed()?;
                let key = u16::from_le_bytes(self.read_hashed()?);
                let _value = u32::from_le_bytes(self.read_hashed()?);
                let written = u32::from_le_bytes(self.read_hashed()?);
                self.pass(u64::from(key) + u64::from(written))
            }
            [CLEAR] => self.pass(8),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn read<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N as u64)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_hashed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.read()?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    /// Hashes what comes next.
    fn pass(&mut self, bytes: u64) -> Result<()> {
        self.take(bytes)?;
        let mut left = usize::try_from(bytes).expect("two lengths of 32 bits");
        while left > 0 {
            let read = self.reader.fill_buf()?;
            if read.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let read = &read[..read.len().min(left)];
            let length = read.len();
            self.hash.update(read);
            self.reader.consume(length);
            left -= length;
        }
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or(ErrorKind::UnexpectedEof)?;
        Ok(())
    }
}
