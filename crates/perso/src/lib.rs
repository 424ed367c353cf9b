//! Applicant to plan to execution with journal to verification
