//! Long-lived trust: certificates, EF.SOD, CV certificates, signers
