//! The elliptic curves that 9303-11 and TR-03110 name, behind one type
