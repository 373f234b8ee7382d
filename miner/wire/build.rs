//! Generates the protobuf types and the gRPC stubs from `proto/component.proto`.

fn main() -> std::io::Result<()> {
	println!("cargo:rerun-if-changed=proto/component.proto");
	tonic_prost_build::configure().compile_protos(&["proto/component.proto"], &["proto"])
}
