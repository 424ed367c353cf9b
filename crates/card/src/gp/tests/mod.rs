mod channels;
mod commands;
mod domains;
mod random;
mod states;
mod tearing;
mod world;
