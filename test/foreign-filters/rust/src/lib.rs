//! Refuses requests without the key that the configuration is: ../README.md says what each language's filter does.
use proxy_wasm::hostcalls::log;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin { key: Vec::new() }));
}}

struct Plugin {
    key: Vec<u8>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _size: usize) -> bool {
        match self.get_plugin_configuration() {
            Some(key) if !key.is_empty() => {
                self.key = key;
                true
            }
            _ => {
                let _ = log(LogLevel::Error, "no key is configured");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { key: self.key.clone() }))
    }
}

struct Request {
    key: Vec<u8>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        match self.get_http_request_header_bytes("x-api-key") {
            Some(key) if key == self.key => {
                self.add_http_request_header("x-key", "right");
                Action::Continue
            }
            _ => {
                self.send_http_response(401, vec![], Some(b"a key is wanted\n"));
                Action::Pause
            }
        }
    }
}
