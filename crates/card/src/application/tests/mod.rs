mod access_model;
mod dialogue;
mod isolation;
mod password_model;
mod personalise;
mod signatures;
mod tearing;
mod world;
