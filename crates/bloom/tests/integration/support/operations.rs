//! Every operation of the API, from the description that the server gives of itself. So a test that
//! goes through them cannot miss one.

/// An operation of the API.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    /// From the root on.
    pub(crate) path: String,
}

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let document = bloom_http::openapi();
    let base = document["servers"][0]["url"].as_str().expect("a server").to_owned();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        assert!(!path.contains('{'), "say here what stands for the parameters of {path}");
        for (method, operation) in methods.as_object().expect("methods") {
            // A body or a required parameter would make every case a 400 and prove nothing.
            assert!(operation.get("requestBody").is_none(), "say here what {path} is sent");
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            let path = format!("{base}{path}");
            all.push(Operation { id, method: method.to_uppercase(), path });
        }
    }
    assert!(!all.is_empty());
    all
}
