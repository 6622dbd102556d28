//! Servers made with the JSON-RPC libraries of the field: one of them, over HTTP on a port of loopback.
//!
//!     xenopsd-peers jsonrpc-http-server|jsonrpsee
//!
//! In: the library's name. Out: the address, as one line on standard output; then answers to `list_domain` and
//! `domain_info`, until it is killed. What libxl finds is whatever host is loaded in front of it.

mod libxl;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use libxl::{Libxl, Which};

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let libxl = Arc::new(Libxl::open().ok_or("libxl_ctx_alloc failed")?);
    match std::env::args().nth(1).as_deref() {
        Some("jsonrpc-http-server") => serve_by_jsonrpc_http_server(&libxl),
        Some("jsonrpsee") => serve_by_jsonrpsee(libxl),
        _ => Err("usage: xenopsd-peers jsonrpc-http-server|jsonrpsee".into()),
    }
}

/// As in the library's own example; a method answers with a tree of values.
fn serve_by_jsonrpc_http_server(libxl: &Arc<Libxl>) -> Outcome<()> {
    use jsonrpc_http_server::ServerBuilder;
    use jsonrpc_http_server::jsonrpc_core::{Error, ErrorCode, IoHandler, Params, Value, to_value};

    fn answer<T: serde::Serialize>(result: Result<T, i32>) -> Result<Value, Error> {
        let value = result.map_err(|code| Error::new(ErrorCode::ServerError(code.into())))?;
        to_value(value).map_err(|_| Error::internal_error())
    }

    let mut methods = IoHandler::default();
    let lists = Arc::clone(libxl);
    methods.add_sync_method("list_domain", move |_: Params| answer(lists.list_domain()));
    let looks = Arc::clone(libxl);
    methods.add_sync_method("domain_info", move |params: Params| answer(looks.domain_info(&params.parse::<Which>()?)));
    let server = ServerBuilder::new(methods).threads(1).start_http(&ADDRESS)?;
    println!("{}", server.address());
    server.wait();
    Ok(())
}

/// A method answers with a struct, which the library writes; one thread, because there is one CPU.
fn serve_by_jsonrpsee(libxl: Arc<Libxl>) -> Outcome<()> {
    use jsonrpsee::RpcModule;
    use jsonrpsee::server::{ServerBuilder, ServerConfig};
    use jsonrpsee::types::ErrorObjectOwned;

    fn error(code: i32) -> ErrorObjectOwned {
        ErrorObjectOwned::owned(code, "libxl", None::<()>)
    }

    let mut methods = RpcModule::new(libxl);
    methods.register_method("list_domain", |_, libxl, _| libxl.list_domain().map_err(error))?;
    methods.register_method("domain_info", |params, libxl, _| {
        libxl.domain_info(&params.parse::<Which>()?).map_err(error)
    })?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let config = ServerConfig::builder().http_only().set_tcp_no_delay(true).build();
        let server = ServerBuilder::with_config(config).build(ADDRESS).await?;
        println!("{}", server.local_addr()?);
        server.start(methods).stopped().await;
        Ok(())
    })
}
