//! Speaks to any card: transports, session, GlobalPlatform client, reading and inspection with verdicts, traces
