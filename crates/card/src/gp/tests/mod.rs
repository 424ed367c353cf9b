mod channels;
mod commands;
mod delegated;
mod domains;
mod random;
mod states;
mod tearing;
mod world;
