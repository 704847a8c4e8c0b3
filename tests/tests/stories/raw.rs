//! Calls with bytes that no client of the contract would send.

use bytes::{Buf as _, BufMut as _};
use tonic::{
    Request, Response, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use suban_tests::Named;

/// Calls a method with these bytes as its message.
pub(crate) async fn unary(line: Named, method: &'static str, bytes: Vec<u8>) -> Result<Response<Vec<u8>>, Status> {
    let mut client = tonic::client::Grpc::new(line);
    client.ready().await.unwrap();
    client.unary(Request::new(bytes), http::uri::PathAndQuery::from_static(method), Raw).await
}

struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, bytes: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
