//! Both sides of an open secure channel of GlobalPlatform. They differ in nothing but their names: one channel gives
//! each verb its inverse, and an end of it is final.

/// For structs with the fields `channel: Option<Channel>`, `level` and `dek`; `$octet` turns a level into its octet.
/// `$known` tells whether the host is authenticated; without it, it always is.
macro_rules! sides {
    ($protocol:expr, $level:ty, $octet:expr; $($side:ident),+) => {
        $crate::scp_sides::sides!($protocol, $level, $octet, |_: &Self| true; $($side),+);
    };
    ($protocol:expr, $level:ty, $octet:expr, $known:expr; $($side:ident),+) => {$(
        impl $side {
            /// Level of the session.
            pub const fn level(&self) -> $level {
                self.level
            }

            /// The data encryption key that goes with the session.
            pub const fn dek(&self) -> &Dek {
                &self.dek
            }
        }

        impl $crate::SecureChannel for $side {
            fn protocol(&self) -> u8 {
                $protocol
            }

            fn level(&self) -> u8 {
                ($octet)(self.level)
            }

            fn authenticates_host(&self) -> bool {
                ($known)(self)
            }
        }

        impl $crate::DataEncryption for $side {
            fn key_block(&self) -> usize {
                self.dek.key_block()
            }

            fn encrypt_sensitive(&self, plain: &[u8]) -> Vec<u8> {
                self.dek.encrypt_sensitive(plain)
            }

            fn decrypt_sensitive(&self, cryptogram: &[u8]) -> Result<Bytes, Sw> {
                self.dek.decrypt_sensitive(cryptogram)
            }

            fn encrypt_key(&self, blocks: &[u8]) -> Result<Vec<u8>, Sw> {
                self.dek.encrypt_key(blocks)
            }

            fn decrypt_key(&self, cryptogram: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Sw> {
                self.dek.decrypt_key(cryptogram)
            }
        }

        impl SecureMessaging for $side {
            fn protect_command(&mut self, plain: Command) -> Command {
                match &mut self.channel {
                    Some(channel) => channel.protect_command(plain),
                    None => Command { class: plain.class.with_gp_sm(), data: Bytes::new(), ..plain },
                }
            }

            // 6982 and not 6988: Amd D §5.6 calls it a security error, GPC 2.3.1 §11.1.3 gives that word to it. One
            // word for every failure: nobody learns whether a padding or a MAC was wrong.
            fn unprotect_command(&mut self, wire: Command) -> Result<Command, Sw> {
                let channel = self.channel.as_mut().ok_or(Sw::SECURITY_STATUS_NOT_SATISFIED)?;
                channel.unprotect_command(wire).map_err(|_| {
                    self.channel = None;
                    Sw::SECURITY_STATUS_NOT_SATISFIED
                })
            }

            fn protect_response(&mut self, plain: Response) -> Response {
                match &mut self.channel {
                    Some(channel) => channel.protect_response(plain),
                    None => Response::from(plain.sw),
                }
            }

            fn unprotect_response(&mut self, wire: Response) -> Result<Response, SmError> {
                let channel = self.channel.as_mut().ok_or(SmError::Closed)?;
                channel.unprotect_response(wire).inspect_err(|_| self.channel = None)
            }

            fn max_plain_data(&self, wire_data_max: usize) -> usize {
                self.channel.as_ref().map_or(0, |channel| channel.max_plain_data(wire_data_max))
            }

            fn is_open(&self) -> bool {
                self.channel.is_some()
            }
        }
    )+};
}
pub(crate) use sides;
