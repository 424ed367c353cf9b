//! The applet host: power, selection, GlobalPlatform card manager, journalled memory, access gate, applets
