//! The app's response as the runtime takes it.

use worker::web_sys::{Headers, Response as WebResponse, ResponseInit};

use crate::http::response::Response;

pub(super) fn to_web(mut response: Response) -> worker::Result<WebResponse> {
    let init = init(response.status.as_u16(), &headers(&response)?);
    let made = if response.body.is_empty() {
        WebResponse::new_with_opt_str_and_init(None, &init)
    } else {
        WebResponse::new_with_opt_u8_array_and_init(Some(&mut response.body), &init)
    };
    Ok(made?)
}

pub(super) fn headers(response: &Response) -> worker::Result<Headers> {
    let headers = Headers::new()?;
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    Ok(headers)
}

pub(super) fn init(status: u16, headers: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
