//! What the clients of OpenAI call: below a project, with the deployment in the body's `model` (contract section 5.6).

use super::{Route, p, routes};
#[cfg(not(target_arch = "wasm32"))]
use crate::api::requests::made;
use crate::api::requests::openai;

pub(super) static TABLE: &[Route] = routes! {
    family OPENAI;
    "/v2.1/projects/{project_name}/openai-compatible/v1/chat/completions" {
        POST openai_requests_chat_completions, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Create a chat completion, in OpenAI's format"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/completions" {
        POST openai_requests_completions, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Create a text completion, in OpenAI's format"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/embeddings" {
        POST openai_requests_embeddings, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Create embeddings of texts, in OpenAI's format"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/responses" {
        POST openai_requests_responses, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Create a response of a model, in OpenAI's format"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/models" {
        GET openai_models_list, ProjectPart,
            "List the models that the caller may use, in OpenAI's format"
            => openai::list, gives 200 made::OpenAiModels;
    }
};
