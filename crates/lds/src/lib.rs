//! Bytes of the files of an eMRTD: data values to EF contents and back
