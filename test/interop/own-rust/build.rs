//! Code from the contract, with a protoc that comes as a crate.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::env::set_var("PROTOC", protoc_bin_vendored::protoc_bin_path()?);
    tonic_prost_build::configure()
        .build_server(false)
        .compile_protos(&["flagstream/v1/evaluation.proto"], &["../../../proto"])?;
    Ok(())
}
