//! Compiles `proto/suban/v1/*.proto` without a system `protoc`.
//!
//! Messages with fields marked `debug_redact` get a `Debug` of our own, so that nobody's data, words or
//! links reach a log by way of `{:?}`.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use protox::{Compiler, prost_reflect::MessageDescriptor};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let folder = root.join("suban/v1");
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "proto") {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    files.sort();

    let mut compiler = Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    fs::write(out.join("suban.v1.descriptors"), compiler.encode_file_descriptor_set())?;

    let pool = compiler.descriptor_pool();
    let discreet: Vec<_> = pool.all_messages().filter(is_discreet).collect();
    let mut debugs = String::new();
    for message in &discreet {
        write_debug(&mut debugs, message)?;
    }
    fs::write(out.join("suban.v1.debug.rs"), debugs)?;

    tonic_prost_build::configure()
        .skip_debug(discreet.iter().map(|message| format!(".{}", message.full_name())))
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn redacted(field: &protox::prost_reflect::FieldDescriptor) -> bool {
    field.options().get_field_by_name("debug_redact").is_some_and(|value| value.as_bool() == Some(true))
}

fn is_discreet(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| redacted(&field))
}

/// A `Debug` that shows every field but the marked ones. Marked fields stand in top-level messages
/// outside of a oneof, so the generated type has the message's name and a field of the same name.
fn write_debug(code: &mut String, message: &MessageDescriptor) -> Result<(), Box<dyn Error>> {
    if message.parent_message().is_some() || message.oneofs().any(|choice| !choice.is_synthetic()) {
        return Err(format!("{}: debug_redact is not supported here", message.full_name()).into());
    }
    let name = message.name();
    writeln!(code, "impl ::core::fmt::Debug for {name} {{")?;
    writeln!(code, "    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{")?;
    writeln!(code, "        f.debug_struct({name:?})")?;
    for field in message.fields() {
        let field_name = field.name();
        if redacted(&field) {
            writeln!(code, "            .field({field_name:?}, &::core::format_args!(\"…\"))")?;
        } else {
            writeln!(code, "            .field({field_name:?}, &self.r#{field_name})")?;
        }
    }
    writeln!(code, "            .finish()\n    }}\n}}")?;
    Ok(())
}
