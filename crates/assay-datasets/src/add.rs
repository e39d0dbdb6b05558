//! Files of cases as a new version of a dataset.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use assay_core::{Case, Digest};
use serde_json::Value;

use crate::library::{Held, How, Library, Lineage, SourceFile, VersionRecord};
use crate::sorter::{Sorter, number, scratch};
use crate::version::{Manifest, VersionWriter};
use crate::{DatasetDecl, DatasetError, Mapper, Place, mapped, matches, rows};

/// What became of cases that were added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The new version; `None` when the newest one holds just these cases already.
    pub record: Option<VersionRecord>,
    /// Number of cases.
    pub cases: u64,
    /// Bytes that were new on disk: chunks of earlier versions are shared.
    pub new_bytes: u64,
    /// Cases that got an id from their content because the source has none.
    pub named: u64,
}

/// Personal data taken out of each case on its way in.
pub struct Redacted<'a> {
    /// By which policy, for the lineage.
    pub parameters: Value,
    /// Takes it out. A source without ids is read twice, and every case is changed each time; `true` in the pass whose
    /// cases are kept.
    pub case: &'a mut dyn FnMut(&mut Case, bool) -> Result<(), DatasetError>,
}

/// Adds the cases of a file or directory as the newest version of a dataset. Its path is relative to `base`, which nothing
/// that is recorded or said tells.
///
/// Cases without an id get one from their content, so that they keep it when rows move; the second and later ones of
/// the same content get a number behind it.
///
/// # Errors
/// A row that cannot be read, two cases with one id (both places are named), no cases, a disk that cannot be written.
pub fn add(
    library: &Library,
    held: &Held,
    (name, by): (&str, &str),
    base: &Path,
    declared: &DatasetDecl,
    note: Option<String>,
    change: Option<Redacted<'_>>,
) -> Result<Added, DatasetError> {
    let added = from_file(library, held, (name, by), base, declared, note, change);
    added.map_err(|error| error.told_from(base))
}

fn from_file(
    library: &Library,
    held: &Held,
    (name, by): (&str, &str),
    base: &Path,
    declared: &DatasetDecl,
    note: Option<String>,
    mut change: Option<Redacted<'_>>,
) -> Result<Added, DatasetError> {
    let rows = |each: &mut dyn FnMut(u64, Case, Place) -> Result<(), DatasetError>| -> Result<(), DatasetError> {
        let mut number = 0;
        for row in mapped(declared, base, Mapper::new(&declared.fields).unnumbered())? {
            let (case, place) = row?;
            if declared.filter.as_ref().is_some_and(|filter| !matches(filter, &case)) {
                continue;
            }
            if declared.limit.is_some_and(|limit| number >= limit) {
                break;
            }
            each(number, case, place)?;
            number += 1;
        }
        Ok(())
    };
    let (repeats, unnamed) = repeats(&rows, change.as_mut())?;
    let mut writer = library.write(held)?;
    let mut named = 0;
    rows(&mut |number, mut case, place| {
        if let Some(change) = &mut change {
            (change.case)(&mut case, true)?;
        }
        if case.id.is_empty() {
            if !unnamed {
                return Err(DatasetError::new(Some(place), "the case has no id, and others have one")
                    .help("give every case an id, or none"));
            }
            named += 1;
            case.id = case.digest().to_string()[..16].to_owned();
            if let Some(occurrence) = repeats.get(&number) {
                case.id = format!("{}-{occurrence}", case.id);
            }
        }
        writer.add(&case, Some(&place))
    })?;
    let (manifest, new_bytes) = finish(writer, &rows)?;
    let mut parameters = serde_json::to_value(declared).unwrap_or_default();
    if let Some(change) = change {
        parameters["redacted"] = change.parameters;
    }
    let lineage = Lineage {
        how: How::Added,
        parents: Vec::new(),
        sources: sources(base, Path::new(&declared.path))?,
        tool: tool(),
        parameters,
        note,
    };
    let record = library.add(held, name, by, &manifest, lineage)?;
    Ok(Added { record, cases: manifest.cases, new_bytes, named })
}

type Rows<'a> = dyn Fn(&mut dyn FnMut(u64, Case, Place) -> Result<(), DatasetError>) -> Result<(), DatasetError> + 'a;

/// Rows without an id whose content came before, with how often it did, and whether rows have no ids. A source whose first
/// row has an id is not read for it.
fn repeats(rows: &Rows<'_>, mut change: Option<&mut Redacted<'_>>) -> Result<(HashMap<u64, u64>, bool), DatasetError> {
    let mut sorter = Sorter::<24>::default();
    let stop = DatasetError::new(None, "the rows have ids");
    let read = rows(&mut |number, mut case, place| {
        if case.id.is_empty() {
            // The id is made of what is kept: that of a number would say which number it was.
            if let Some(change) = &mut change {
                (change.case)(&mut case, false)?;
            }
            let mut record = [0; 24];
            record[..16].copy_from_slice(&case.digest().as_bytes()[..16]);
            record[16..].copy_from_slice(&number.to_be_bytes());
            return sorter.push(record).map_err(scratch);
        }
        if number > 0 {
            return Err(DatasetError::new(Some(place), "the case has an id, and others have none")
                .help("give every case an id, or none"));
        }
        Err(stop.clone())
    });
    match read {
        Err(error) if error.message == stop.message => return Ok((HashMap::new(), false)),
        other => other?,
    }
    let mut repeats = HashMap::new();
    let (mut last, mut occurrence) = ([0; 16], 0);
    for record in sorter.sorted() {
        let record = record.map_err(scratch)?;
        occurrence = if occurrence > 0 && record[..16] == last { occurrence + 1 } else { 1 };
        last.copy_from_slice(&record[..16]);
        if occurrence > 1 {
            repeats.insert(number(&record[16..]), occurrence);
        }
    }
    Ok((repeats, true))
}

/// Ends the version; two cases with one id are looked for again to name their places.
fn finish(writer: VersionWriter, rows: &Rows<'_>) -> Result<(Manifest, u64), DatasetError> {
    let error = match writer.finish() {
        Ok(finished) => return Ok(finished),
        Err(error) => error,
    };
    let Some((first, second)) = error.same_id.as_deref().copied() else { return Err(error) };
    let mut places = Vec::new();
    rows(&mut |number, case, place| {
        if number + 1 == first || number + 1 == second {
            places.push((case.id, place));
        }
        Ok(())
    })?;
    match &places[..] {
        [(id, first), (_, second)] => Err(DatasetError::new(
            Some(second.clone()),
            format!("the id `{}` stands here and at {first}", id.chars().take(200).collect::<String>()),
        )
        .help("ids must be unique in a dataset: change one of them")),
        _ => Err(error),
    }
}

/// The name and version of this program, for lineage.
pub fn tool() -> String {
    format!("assay {}", env!("CARGO_PKG_VERSION"))
}

/// A file, or the files of a directory that hold rows, with their digests and their names from `base` on.
///
/// # Errors
/// A file that cannot be read.
pub fn sources(base: &Path, path: &Path) -> Result<Vec<SourceFile>, DatasetError> {
    let mut sources = Vec::new();
    for file in rows::files_of(&base.join(path))? {
        let failed = |error: std::io::Error| {
            DatasetError::new(Some(Place { file: file.clone(), line: None }), error.to_string())
        };
        let mut reader = File::open(&file).map_err(failed)?;
        let (mut stream, mut bytes, mut buffer) = (Digest::stream(), 0, vec![0; 1 << 16]);
        loop {
            let read = reader.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            stream.update(&buffer[..read]);
        }
        let path = file.strip_prefix(base).unwrap_or(&file).display().to_string();
        sources.push(SourceFile { path, digest: stream.finish(), bytes });
    }
    Ok(sources)
}
