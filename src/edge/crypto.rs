//! WebCrypto behind [`Crypto`].

use js_sys::futures::JsFuture;
use js_sys::{Array, Uint8Array, global};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AesGcmParams, CryptoKey, SubtleCrypto, WorkerGlobalScope};

use crate::platform::{Crypto, KEY_LENGTH, Local, NONCE_LENGTH};

const ALGORITHM: &str = "AES-GCM";

pub(super) struct WebCrypto;

impl Crypto for WebCrypto {
    fn encrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        plain: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let (subtle, key) = import(key).await.map_err(words)?;
            let parameters = parameters(nonce, associated);
            let text = Uint8Array::from(plain);
            let promise = subtle.encrypt_with_object_and_js_u8_array(&parameters, &key, &text);
            bytes(promise).await.map_err(words)
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a [u8; KEY_LENGTH],
        nonce: &'a [u8; NONCE_LENGTH],
        associated: &'a [u8],
        sealed: &'a [u8],
    ) -> Local<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let (subtle, key) = import(key).await.map_err(words)?;
            let parameters = parameters(nonce, associated);
            let text = Uint8Array::from(sealed);
            let promise = subtle.decrypt_with_object_and_js_u8_array(&parameters, &key, &text);
            bytes(promise).await.map_err(words)
        })
    }
}

async fn import(key: &[u8; KEY_LENGTH]) -> Result<(SubtleCrypto, CryptoKey), JsValue> {
    let subtle = global()
        .unchecked_into::<WorkerGlobalScope>()
        .crypto()?
        .subtle();
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    let raw = Uint8Array::from(key.as_slice());
    let promise = subtle.import_key_with_str("raw", &raw, ALGORITHM, false, &usages)?;
    let key = JsFuture::from(promise).await?;
    Ok((subtle, key.unchecked_into()))
}

fn parameters(nonce: &[u8; NONCE_LENGTH], associated: &[u8]) -> AesGcmParams {
    let parameters =
        AesGcmParams::new_with_u8_array(ALGORITHM, &Uint8Array::from(nonce.as_slice()));
    parameters.set_additional_data_u8_array(&Uint8Array::from(associated));
    parameters
}

async fn bytes(promise: Result<js_sys::Promise, JsValue>) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(promise?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn words(thrown: JsValue) -> String {
    format!("{thrown:?}")
}
