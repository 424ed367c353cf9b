//! What a chip keeps of its certification authorities beyond the session: trust points and its notion of the date.

use super::TRUST_POINTS_MAX;
use bitaqa_pki::cvc::{CvCertificate, CvcError, EfCvca, EfCvcaError, PublicKey, Reference};
use time::Date;

/// What the chip keeps in its memory, TR-03110-3 §2.5 and §2.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustState {
    /// Certificates of the CVCA, at most two.
    pub trust_points: Vec<CvCertificate>,
    /// The chip's notion of the current date: never later than the true one as long as its issuers tell the truth.
    pub current_date: Date,
}

/// What a verified certificate changes in [`TrustState`]. Date and trust points belong into one transaction of the
/// memory (TR-03110-3 §2.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustUpdate {
    /// The new list, if a link certificate came.
    pub trust_points: Option<Vec<CvCertificate>>,
    /// The new date, if it moves forward.
    pub current_date: Option<Date>,
}

impl TrustState {
    /// Takes over what a certificate changed.
    pub fn apply(&mut self, update: TrustUpdate) {
        if let Some(trust_points) = update.trust_points {
            self.trust_points = trust_points;
        }
        if let Some(current_date) = update.current_date {
            self.current_date = current_date;
        }
    }

    /// Names of the trust points, the most recent first: content of EF.CVCA and of DO 87 and 88 of PACE.
    pub fn references(&self) -> Vec<Vec<u8>> {
        self.by_age().iter().map(|point| point.holder().as_octets().to_vec()).collect()
    }

    /// EF.CVCA as it has to read, TR-03110-3 §A.7.2.4.
    ///
    /// # Errors
    /// [`EfCvcaError::References`] without a trust point.
    pub fn ef_cvca(&self) -> Result<Vec<u8>, EfCvcaError> {
        let references = self.by_age().into_iter().map(|point| point.holder().clone()).collect();
        Ok(EfCvca::new(references)?.encode())
    }

    /// The trust points, the most recent first.
    fn by_age(&self) -> Vec<&CvCertificate> {
        let mut points: Vec<_> = self.trust_points.iter().collect();
        points.sort_by_key(|point| core::cmp::Reverse(point.effective()));
        points
    }

    pub(super) fn find(&self, holder: &Reference) -> Option<&CvCertificate> {
        self.trust_points.iter().find(|point| point.holder() == holder)
    }

    /// Key of a trust point. A link certificate may leave its domain parameters to the trust point that issued it.
    pub(super) fn key(&self, point: &CvCertificate) -> Result<PublicKey, CvcError> {
        match point.public_key(None) {
            Err(CvcError::NoParameters) => {
                let issuer = self.find(point.authority()).ok_or(CvcError::NoParameters)?;
                point.public_key(Some(&issuer.public_key(None)?))
            }
            other => other,
        }
    }

    /// With one trust point more and the oldest ones beyond two left out. The rest must stand on its own.
    pub(super) fn with(&self, link: CvCertificate) -> Result<Vec<CvCertificate>, CvcError> {
        let mut trust_points = self.trust_points.clone();
        trust_points.push(link);
        trust_points.sort_by_key(|point| core::cmp::Reverse(point.effective()));
        trust_points.truncate(TRUST_POINTS_MAX);
        let next = Self { trust_points, current_date: self.current_date };
        next.trust_points.iter().try_for_each(|point| next.key(point).map(drop))?;
        Ok(next.trust_points)
    }
}
