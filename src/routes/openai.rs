//! What the clients of OpenAI call: below a project, with the deployment in the body's `model` (contract section 5.6).

use super::{Route, p, routes};
#[cfg(not(target_arch = "wasm32"))]
use crate::api::requests::made;
use crate::api::requests::openai;

pub(super) static TABLE: &[Route] = routes! {
    family OPENAI;
    "/v2.1/projects/{project_name}/openai-compatible/v1/chat/completions" {
        POST openai_requests_chat_completions, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Ask a model to go on with a conversation, as OpenAI's clients do"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/completions" {
        POST openai_requests_completions, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Ask a model to go on with a text, as OpenAI's clients do"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/embeddings" {
        POST openai_requests_embeddings, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Ask a model for the vectors of texts, as OpenAI's clients do"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/responses" {
        POST openai_requests_responses, Model(p::DEPLOYMENTS_REQUESTS_CREATE),
            "Ask a model for a response, as OpenAI's clients do"
            => openai::create, rides openai::admits,
               query [TIMEOUT, PRIORITY], takes made::OpenAiRequest, gives 200 Document;
    }
    "/v2.1/projects/{project_name}/openai-compatible/v1/models" {
        GET openai_models_list, ProjectPart,
            "List the models that one may ask, as OpenAI's clients do"
            => openai::list, gives 200 made::OpenAiModels;
    }
};
