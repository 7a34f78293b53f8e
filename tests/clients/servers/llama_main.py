"""Serve a GGUF file with llama.cpp's own HTTP server until stdin ends: `python -m ... MODEL CONTEXT`."""

import sys

import xllamacpp


def main(model: str, context: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"tiny"}
    params.n_ctx = int(context)
    params.n_parallel = 1  # no batches, whose composition could tip the scales between two tokens
    params.port = 0
    params.offline = True
    params.ui = False
    params.endpoint_metrics = True
    params.use_jinja = True
    params.warmup = False
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.cache_prompt = False  # a reply must not depend on what was asked before; a request may turn it on
    params.verbosity = 1
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
