//! The app's response as the runtime takes it.

use worker::Env;
use worker::web_sys::{Headers, Response as WebResponse, ResponseInit};

use super::asset;
use super::stream::Readable;
use crate::web::response::{Body, Response};

pub(super) async fn to_web(response: Response, env: &Env) -> worker::Result<WebResponse> {
    let lines = headers(&response.headers)?;
    for (name, value) in &response.passed {
        lines.append(name, value)?;
    }
    let init = init(response.status.as_u16(), &lines);
    Ok(match response.body {
        Body::Empty => WebResponse::new_with_opt_str_and_init(None, &init)?,
        Body::Bytes(mut bytes) => {
            WebResponse::new_with_opt_u8_array_and_init(Some(&mut bytes), &init)?
        }
        Body::Stream(stream) => {
            let readable = stream.0.downcast::<Readable>().ok();
            let readable = readable.and_then(|readable| readable.take());
            WebResponse::new_with_opt_readable_stream_and_init(readable.as_ref(), &init)?
        }
        Body::File(asset) => return asset::to_web(&response.headers, &asset, env).await,
    })
}

pub(super) fn headers(lines: &[(&'static str, String)]) -> worker::Result<Headers> {
    let headers = Headers::new()?;
    for (name, value) in lines {
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
