"""What upstreams say of a prompt that is too long, and what they say that only sounds like it; with the status."""

# -> the limit and the tokens requested that it names.
OVERFLOWS = {
    "openai": (
        400,
        (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 150008 tokens."
            " Please reduce the length of the messages."
        ),
        (128000, 150008),
    ),
    "openai, with the reply": (
        400,
        (
            "This model's maximum context length is 4097 tokens. However, you requested 4927 tokens (3927 in the"
            " messages, 1000 in the completion). Please reduce the length of the messages or completion."
        ),
        (4097, 4927),
    ),
    "openai, completions": (
        400,
        (
            "This model's maximum context length is 8191 tokens, however you requested 10346 tokens (10346 in your"
            " prompt; 5 for the completion). Please reduce your prompt; or completion length."
        ),
        (8191, 10346),
    ),
    "openai, configured": (
        400,
        (
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300004 tokens."
            " Please reduce the length of the messages."
        ),
        (272000, 300004),
    ),
    "openai responses": (
        400,
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        (None, None),
    ),
    "xai": (
        400,
        "This model's maximum prompt length is 131072 but the request contains 625077 tokens.",
        (131072, 625077),
    ),
    "anthropic": (400, "prompt is too long: 200027 tokens > 200000 maximum", (200000, 200027)),
    "anthropic, with the reply": (
        400,
        (
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or"
            " `max_tokens` and try again"
        ),
        (200000, 209573),
    ),
    "mistral": (
        400,
        "Prompt contains 150004 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
        (131072, 150004),
    ),
    "deepseek": (
        400,
        (
            "This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens (1250025 in"
            " the messages, 0 in the completion). Please reduce the length of the messages or completion."
        ),
        (1048565, 1250025),
    ),
    "groq": (400, "Please reduce the length of the messages or completion.", (None, None)),
    "openrouter": (
        400,
        (
            "This endpoint's maximum context length is 200000 tokens. However, you requested about 2500021 tokens"
            " (2500021 of text input). Please reduce the length of either one, or use the context-compression plugin"
        ),
        (200000, 2500021),
    ),
    "perplexity": (400, "The total length of all messages is too long.", (None, None)),
    "perplexity, with its limit": (400, "User input tokens exceeds 200000 tokens.", (200000, None)),
    "ollama's cloud": (
        400,
        "prompt too long; exceeded max context length by 1119046 tokens (ref: 96164522)",
        (None, None),
    ),
    "gemini": (
        400,
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
        (1048576, 1250074),
    ),
    "gemini, with its limit only": (
        400,
        "The input token count exceeds the maximum number of tokens allowed 1048576.",
        (1048576, None),
    ),
    "cohere": (
        400,
        (
            "too many tokens: size limit exceeded by 25836 tokens. Try using shorter or fewer inputs. The limit for"
            " this model is 288000 tokens."
        ),
        (288000, 313836),
    ),
    "cohere, older": (
        400,
        (
            "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a"
            " shorter prompt"
        ),
        (4081, 5000),
    ),
    "bedrock": (
        400,
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input.",
        (None, None),
    ),
    "bedrock, claude": (400, "Input is too long for requested model.", (None, None)),
    "bedrock, mantle": (
        400,
        "prompt tokens (330095) exceed model maximum (278528) for base model abc",
        (278528, 330095),
    ),
    "vllm, a lower bound": (
        400,
        (
            "This model's maximum context length is 8192 tokens. However, you requested 4096 output tokens and your"
            " prompt contains at least 4097 input tokens, for a total of at least 8193 tokens. Please reduce the"
            " length of the input prompt or the number of requested output tokens."
        ),
        (8192, None),
    ),
    "vllm, the reply too long": (
        400,
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096"
            " tokens and your request has 2104 input tokens (2000 > 4096 - 2104)."
        ),
        (4096, 2104),
    ),
    "vllm, the engine": (
        400,
        (
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that"
            " `max_model_len` is no smaller than the number of text tokens."
        ),
        (8192, 9000),
    ),
    "sglang": (
        400,
        "The input (516368 tokens) is longer than the model's context length (262144 tokens).",
        (262144, 516368),
    ),
    "sglang, with the reply": (
        400,
        (
            "Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total"
            " of 140000 tokens: 130000 tokens from the input messages and 10000 tokens for the completion."
        ),
        (131072, 140000),
    ),
    "text generation inference": (
        422,
        "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
        (1024, 2000),
    ),
    "text generation inference, with the reply": (
        422,
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4092 `inputs` tokens"
            " and 100 `max_new_tokens`"
        ),
        (4096, 4192),
    ),
    "llama.cpp": (
        400,
        "request (66202 tokens) exceeds the available context size (65536 tokens), try increasing it",
        (65536, 66202),
    ),
    "llama.cpp's bindings": (400, "Requested tokens (5000) exceed context window of 4096", (4096, 5000)),
    "lm studio": (
        400,
        (
            "Trying to keep the first 5231 tokens when context the overflows. However, the model is loaded with context"
            " length of only 4096 tokens, which is not enough."
        ),
        (4096, None),
    ),
    "lm studio, older": (
        400,
        (
            "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 4166>="
            " n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input"
        ),
        (4096, None),
    ),
    "github copilot": (400, "prompt token count of 140018 exceeds the limit of 128000", (128000, 140018)),
    "github models": (413, "Request body too large for gpt-4o model. Max size: 8000 tokens.", (8000, None)),
    "minimax, whose number is an error's": (400, "invalid params, context window exceeds limit (2013)", (None, None)),
    "moonshot": (
        400,
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)",
        (262144, 291351),
    ),
    "moonshot, older": (400, "model max length exceeded, max length:8192", (8192, None)),
    "a gateway": (400, "Input length (265330) exceeds model's maximum context length (262144).", (262144, 265330)),
    "poolside": (
        400,
        "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
        (131040, 131393),
    ),
    "cerebras": (
        400,
        "Please reduce the length of the messages or completion. Current length is 9321 while limit is 8192",
        (8192, 9321),
    ),
    "fireworks": (400, "The prompt is too long: 150000, model maximum context length: 131072", (131072, 150000)),
    "dashscope": (
        400,
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
        (98304, None),
    ),
    "zhipu": (400, "Prompt exceeds max length", (None, None)),
    "atlas": (
        400,
        "Prompt too long: 5152 tokens exceeds max_seq_len 2048 (leave room for output tokens)",
        (2048, 5152),
    ),
    "tensorrt-llm": (400, "Prompt length (8200) exceeds maximum input length (8192)", (8192, 8200)),
    "watsonx": (
        400,
        "the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model",
        (4096, 5000),
    ),
    "a number with commas": (400, "This model's maximum context length is 128,000 tokens.", (128000, None)),
}
LOOK_ALIKES = {
    "openai, larger than its rate": (
        429,
        (
            "Request too large for gpt-5-nano in organization org-x on tokens per min (TPM): Limit 200000, Requested"
            " 2500013. The input or output tokens must be reduced in order to run successfully."
        ),
    ),
    "groq, larger than its rate": (
        413,
        (
            "Request too large for model `x` in organization `org_x` service tier `on_demand` on tokens per minute"
            " (TPM): Limit 10000, Requested 21247, please reduce your message size and try again."
        ),
    ),
    "anthropic, bytes": (400, "too many total text bytes: 10000002 > 9000000"),
    "anthropic, its rate": (
        429,
        (
            "This request would exceed your organization's rate limit of 450,000 input tokens per minute. Please"
            " reduce the prompt length or the maximum tokens requested"
        ),
    ),
    "anthropic, the reply": (
        400,
        "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet",
    ),
    "anthropic, the thinking": (400, "`max_tokens` must be greater than `thinking.budget_tokens`."),
    "anthropic, the body": (413, "Request exceeds the maximum size"),
    "openai, the reply": (
        400,
        (
            "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided"
            " 100000."
        ),
    ),
    "groq, the reply": (
        400,
        (
            "`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens` is less than the"
            " `context_window` for this model"
        ),
    ),
    "one text": (
        400,
        (
            "Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760, but got a"
            " string with length 20000000 instead."
        ),
    ),
    "messages": (400, "Invalid 'messages': array too long. Expected an array with maximum length 2048, but got 3000."),
    "tools": (400, "Invalid 'tools': array too long. Expected an array with maximum length 128, but got 150."),
    "moonshot, bytes": (400, "total message size 2100954 exceeds limit 2097152"),
    "an image": (400, "image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes"),
    "pages": (400, "A maximum of 100 PDF pages may be provided."),
    "speech": (400, "String should have at most 4096 characters"),
    "a schema": (400, "Schema exceeds the maximum nesting depth of 5."),
    "bedrock, its rate": (400, "Too many tokens, please wait before trying again."),
    "gemini, its rate": (
        429,
        "Quota exceeded for metric: generate_content_paid_tier_input_token_count, limit: 1000000",
    ),
    "gemini, its rate as a 400": (400, "input token count exceeds the maximum of 32000 tokens per minute"),
    "azure, its rate": (
        429,
        "Requests have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 60 seconds",
    ),
    "a gateway's buffer": (413, "Failed to buffer the request body: length limit exceeded"),
    "a file": (400, "Invalid input: Expected context stuffing file type to be a supported format: .txt"),
    "stop words": (400, "stop: too many stop sequences, at most 4"),
    "a setting": (400, "context_length must be a positive integer"),
    "a model": (404, "The model `maximum-context` does not exist"),
    "a server": (500, "maximum context length could not be determined"),
}
