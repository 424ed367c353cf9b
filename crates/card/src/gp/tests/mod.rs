mod channels;
mod commands;
mod domains;
mod random;
mod states;
mod world;
