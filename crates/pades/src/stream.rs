//! The data of streams (ISO 32000-2 §7.3.8).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::filter;
use crate::object::{IndirectObject, Object};
use crate::parse::stream_data;

impl<R: Read + Seek> Document<R> {
    /// A stream's data with its filters undone (ISO 32000-2 §7.4); empty for what is no stream.
    ///
    /// # Errors
    /// [`Error::UnsupportedFilter`], [`Error::DamagedStream`], an exceeded limit, or the reader's failure.
    pub fn stream_data(&mut self, object: &IndirectObject) -> Result<Vec<u8>, Error> {
        let data = self.encoded_stream_data(object)?;
        let Object::Stream(stream) = &object.value else {
            return Ok(data);
        };
        let dictionary = stream.dictionary.clone();
        let plain = filter::decode(&dictionary, &data, object.id, &self.limits)?;
        self.source.charge(plain.len() as u64)?;
        Ok(plain)
    }

    /// A stream's data as its filters have left them; empty for what is no stream.
    ///
    /// # Errors
    /// As [`stream_data`](Self::stream_data).
    pub fn encoded_stream_data(&mut self, object: &IndirectObject) -> Result<Vec<u8>, Error> {
        let Object::Stream(stream) = &object.value else {
            return Ok(Vec::new());
        };
        let data = self.received_stream_data(object)?;
        match &self.security {
            Some(security) => security.decrypt_stream(&stream.dictionary, object.id, data),
            None => Ok(data),
        }
    }

    /// A stream's data as they stand in the file, encrypted where the document is; empty for what is no stream.
    pub(crate) fn received_stream_data(
        &mut self,
        object: &IndirectObject,
    ) -> Result<Vec<u8>, Error> {
        let Object::Stream(stream) = &object.value else {
            return Ok(Vec::new());
        };
        let length = self.value(&stream.dictionary, "Length")?.as_integer();
        let length = length.and_then(|length| u64::try_from(length).ok());
        let (data, searched) = stream_data(&mut self.source, stream, length, &self.limits)?;
        if searched {
            self.note_stream_length(object.id);
        }
        Ok(data)
    }
}
