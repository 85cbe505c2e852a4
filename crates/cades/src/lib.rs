//! CMS SignedData and CAdES; pure.
