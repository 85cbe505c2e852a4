//! Archives made from a description, field by field, so that any field can lie.

#![allow(dead_code)]

use std::io::Cursor;

use kyso_asic::zip::{Archive, ZipError};
use kyso_asic::{AsicError, Container, Limits};
use miniz_oxide::deflate::compress_to_vec;
use serde_json::Value;

/// Builds the archive that `case` describes; `test-vectors/asic/README.md` explains the fields.
pub(crate) fn build(case: &Value) -> Vec<u8> {
    let mut out = bytes(&case["prefix"]);
    let mut directory = Vec::new();
    let mut count = 0_u64;
    for entry in case["entries"].as_array().into_iter().flatten() {
        let content = content(entry);
        let deflated = entry["deflate"].as_bool().unwrap_or(false);
        let mut data = if deflated { compress_to_vec(&content, 6) } else { content.clone() };
        data.extend(bytes(&entry["data_suffix"]));
        let crc = crc32fast::hash(&content);
        let descriptor = entry["descriptor"].as_str();
        let offset = out.len() as u64;
        let facts = Facts {
            name: name(entry).unwrap_or_default(),
            flags: if descriptor.is_some() { 8 } else { 0 },
            method: if deflated { 8 } else { 0 },
            crc: crc.into(),
            compressed: data.len() as u64,
            size: content.len() as u64,
            offset,
        };
        out.extend(bytes(&entry["before"]));
        if entry["no_local"] != Value::Bool(true) {
            let local = match descriptor {
                None => facts.clone(),
                Some(_) => Facts { crc: 0, compressed: 0, size: 0, ..facts.clone() },
            };
            out.extend(local_header(&local, &entry["local"]));
            out.extend(&data);
            let fields = &entry["descriptor_fields"];
            let narrow = |value: u64| (value as u32).to_le_bytes().to_vec();
            let wide = |value: u64| value.to_le_bytes().to_vec();
            let width: &dyn Fn(u64) -> Vec<u8> =
                if descriptor.is_some_and(|kind| kind.ends_with("wide")) { &wide } else { &narrow };
            if let Some(kind) = descriptor {
                if kind.starts_with("signed") {
                    out.extend(0x0807_4b50_u32.to_le_bytes());
                }
                out.extend(narrow(number(&fields["crc"], crc.into())));
                out.extend(width(number(&fields["compressed"], facts.compressed)));
                out.extend(width(number(&fields["size"], facts.size)));
            }
        }
        out.extend(bytes(&entry["after"]));
        if entry["no_central"] != Value::Bool(true) {
            directory.extend(central_header(&facts, &entry["central"]));
            count += 1;
        }
    }
    out.extend(bytes(&case["between"]));
    let directory_offset = out.len() as u64;
    let directory_size = directory.len() as u64;
    out.extend(directory);
    out.extend(bytes(&case["after_directory"]));
    let zip64 = &case["zip64"];
    if zip64.is_object() {
        let record_offset = out.len() as u64;
        out.extend(number(&zip64["signature"], 0x0606_4b50).to_le_bytes()[..4].to_vec());
        out.extend(number(&zip64["record_size"], 44).to_le_bytes());
        out.extend(45_u16.to_le_bytes());
        out.extend(45_u16.to_le_bytes());
        out.extend((number(&zip64["disk"], 0) as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend(number(&zip64["entries"], count).to_le_bytes());
        out.extend(number(&zip64["entries"], count).to_le_bytes());
        out.extend(number(&zip64["size"], directory_size).to_le_bytes());
        out.extend(number(&zip64["offset"], directory_offset).to_le_bytes());
        out.extend(0x0706_4b50_u32.to_le_bytes());
        out.extend([0; 4]);
        out.extend(number(&zip64["locator"], record_offset).to_le_bytes());
        out.extend((number(&zip64["disks"], 1) as u32).to_le_bytes());
    }
    let end = &case["end"];
    let comment = bytes(&end["comment"]);
    let entries = number(&end["entries"], count) as u16;
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend((number(&end["disk"], 0) as u16).to_le_bytes());
    out.extend((number(&end["disk"], 0) as u16).to_le_bytes());
    out.extend((number(&end["entries_here"], entries.into()) as u16).to_le_bytes());
    out.extend(entries.to_le_bytes());
    out.extend((number(&end["size"], directory_size) as u32).to_le_bytes());
    out.extend((number(&end["offset"], directory_offset) as u32).to_le_bytes());
    out.extend((number(&end["comment_length"], comment.len() as u64) as u16).to_le_bytes());
    out.extend(comment);
    out.extend(bytes(&case["suffix"]));
    let cut = number(&case["cut"], 0) as usize;
    out.truncate(out.len() - cut);
    out
}

#[derive(Clone, Default)]
struct Facts {
    name: Vec<u8>,
    flags: u64,
    method: u64,
    crc: u64,
    compressed: u64,
    size: u64,
    offset: u64,
}

fn local_header(facts: &Facts, over: &Value) -> Vec<u8> {
    let name = name(over).unwrap_or_else(|| facts.name.clone());
    let extra = bytes(&over["extra"]);
    let mut out = (number(&over["signature"], 0x0403_4b50) as u32).to_le_bytes().to_vec();
    out.extend((number(&over["needed"], 20) as u16).to_le_bytes());
    out.extend(shared(facts, over));
    out.extend((number(&over["name_length"], name.len() as u64) as u16).to_le_bytes());
    out.extend((number(&over["extra_length"], extra.len() as u64) as u16).to_le_bytes());
    out.extend(name);
    out.extend(extra);
    out
}

fn central_header(facts: &Facts, over: &Value) -> Vec<u8> {
    let name = name(over).unwrap_or_else(|| facts.name.clone());
    let extra = bytes(&over["extra"]);
    let mut out = (number(&over["signature"], 0x0201_4b50) as u32).to_le_bytes().to_vec();
    out.extend((number(&over["made_by"], 3 << 8 | 20) as u16).to_le_bytes());
    out.extend((number(&over["needed"], 20) as u16).to_le_bytes());
    out.extend(shared(facts, over));
    out.extend((number(&over["name_length"], name.len() as u64) as u16).to_le_bytes());
    out.extend((extra.len() as u16).to_le_bytes());
    out.extend([0; 2]);
    out.extend((number(&over["disk"], 0) as u16).to_le_bytes());
    out.extend([0; 2]);
    out.extend((number(&over["external"], 0) as u32).to_le_bytes());
    out.extend((number(&over["offset"], facts.offset) as u32).to_le_bytes());
    out.extend(name);
    out.extend(extra);
    out
}

fn shared(facts: &Facts, over: &Value) -> Vec<u8> {
    let mut out = (number(&over["flags"], facts.flags) as u16).to_le_bytes().to_vec();
    out.extend((number(&over["method"], facts.method) as u16).to_le_bytes());
    out.extend([0, 0, 33, 0]);
    out.extend((number(&over["crc"], facts.crc) as u32).to_le_bytes());
    out.extend((number(&over["compressed"], facts.compressed) as u32).to_le_bytes());
    out.extend((number(&over["size"], facts.size) as u32).to_le_bytes());
    out
}

fn content(entry: &Value) -> Vec<u8> {
    match entry["zeros"].as_u64() {
        Some(count) => vec![0; count as usize],
        None => entry["data"].as_str().unwrap_or("content").as_bytes().to_vec(),
    }
}

fn name(value: &Value) -> Option<Vec<u8>> {
    match (value["name"].as_str(), value["name_hex"].as_str()) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (None, Some(hex)) => Some(hex::decode(hex).expect("hexadecimal")),
        (None, None) => None,
    }
}

fn number(value: &Value, otherwise: u64) -> u64 {
    value.as_u64().unwrap_or(otherwise)
}

fn bytes(value: &Value) -> Vec<u8> {
    value.as_str().map(|text| hex::decode(text).expect("hexadecimal")).unwrap_or_default()
}

/// Every entry of an archive, read to its end.
pub(crate) fn contents(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ZipError> {
    let mut archive = Archive::open(Cursor::new(archive), &Limits::documents())?;
    let names: Vec<_> = archive.entries().iter().map(|entry| entry.name().clone()).collect();
    let mut contents = Vec::new();
    for name in names {
        let mut bytes = Vec::new();
        let mut reader = archive.reader(&name)?.expect("the entry is there");
        std::io::Read::read_to_end(&mut reader, &mut bytes)?;
        contents.push((name.as_str().to_owned(), bytes));
    }
    Ok(contents)
}

/// An opened container.
pub(crate) fn open(bytes: &[u8]) -> Result<Container<Cursor<Vec<u8>>>, AsicError> {
    Container::open(Cursor::new(bytes.to_vec()), &Limits::documents())
}
