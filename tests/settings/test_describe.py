from costproxy.settings import describe


def test_the_settings_are_told_in_words(load, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    settings = load(
        """
        [listen]
        host = "::"
        [admin]
        port = 0
        [upstreams.groq]
        url = "https://api.groq.com/openai/v1"
        ca_file = "ca.pem"
        [apps.keys]
        "sha256:0123456789abcdef" = "shop"
        [limits]
        decoded_bytes = 1000
        """
    )

    assert (
        "\n".join(describe(settings))
        == f"""\
traffic port     http://[::]:8787
admin port       http://127.0.0.1, a free port  (the page, /api/v1, /metrics, /healthz, /readyz)
                   page and API: for this machine
upstream /       default -> https://api.openai.com/
                   dialect openai; asks for usage in streamed chats
                   connect 10 s, silence 1800 s, keep-alive 4 s
upstream /groq/  groq -> https://api.groq.com/openai/
                   dialect groq; leaves streamed chats as they are
                   connect 10 s, silence 1800 s, keep-alive 4 s
                   trusts {tmp_path / "ca.pem"}
applications     named by the header x-costproxy-app; 1 API key is mapped
metered          bodies up to 64 MiB, decompressed up to 1000 bytes
conversations    up to 20,000 at a time, each for at most 7200 s after its last request and 86400 s in all
                   warnings at 70, 85, 95 % of the context window
                   names of sessions: 7 of headers, 7 of fields
metrics          200 models, 100 applications and 1000 pairs of them before "other"
shutdown         requests under way get 600 s to finish
log              level info, format auto
ledger           in the platform's directory for the state of programs
                   exchanges for 90 days, sums by the hour for 800, up to 4096 MiB"""
    )
