//! Origins (contract section 4): what is kept is what a browser sends.

use tenantry::domain::{Origin, OriginList, json};
use url::Url;

use crate::{Verdict, is_sentence, text};

/// An origin by itself.
pub fn look(input: &[u8]) -> Verdict {
    let given = text(input);
    let origin = match Origin::parse(&given) {
        Ok(origin) => origin,
        Err(refusal) => return is_sentence(&refusal),
    };
    let kept = origin.as_str();
    assert_eq!(Origin::parse(kept).as_ref(), Ok(&origin), "{given:?}");
    assert!(kept.len() <= 8 + 254 + 256, "{kept:?}");
    assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()), "{kept:?}");
    let (scheme, authority) = kept.split_once("://").unwrap();
    assert!(
        !authority.contains(['/', '?', '#', '@', '*', '\\', '%']),
        "{kept:?}"
    );
    assert_eq!(scheme, scheme.to_ascii_lowercase());
    for none in [
        "ws",
        "wss",
        "ftp",
        "file",
        "data",
        "blob",
        "javascript",
        "about",
    ] {
        assert_ne!(scheme, none, "{given:?}");
    }
    if ["http", "https"].contains(&scheme) {
        // As a browser serialises it; and a page of it has no other.
        let url = Url::parse(kept).unwrap();
        assert_eq!(url.origin().ascii_serialization(), kept, "{given:?}");
        assert_eq!(
            Url::parse(&given).unwrap().origin(),
            url.origin(),
            "{given:?}"
        );
    } else if authority.starts_with('[') {
        // An IP address has one form with any scheme.
        let host = |text: &str| Url::parse(text).unwrap().host_str().map(str::to_owned);
        assert_eq!(host(&given), host(kept), "{given:?}");
    } else {
        // An app's host is as it was written; a port is a number.
        let host = authority.split(':').next().unwrap();
        let (_, given_authority) = given.split_once("://").unwrap();
        assert_eq!(given_authority.split(':').next(), Some(host), "{given:?}");
    }
    // In a list it stands once, however it is written.
    let list = serde_json::to_string(&[given.as_ref(), kept]).unwrap();
    let list: OriginList = json::from_str(&list).unwrap();
    assert_eq!(list.to_json(), serde_json::to_string(&[kept]).unwrap());
    assert!(list.contains(kept) && !list.contains(&format!("{kept}.")));
    Verdict::Accepted
}
