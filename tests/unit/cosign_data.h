// SPDX-License-Identifier: MIT
#ifndef TESTS_UNIT_COSIGN_DATA_H
#define TESTS_UNIT_COSIGN_DATA_H

/*
 * Signatures of images of the lab, as the real cosign made them (`lab sign`): the classic ones by
 * 2.5.0, the bundles by 3.1.1. The private keys are gone.
 */
static const struct cosign_data {
	const char *algorithm;   /* of the key */
	const char *fingerprint; /* as openssl has it */
	const char *digest;      /* of the image */
	const char *key;
	const char *payload, *signature; /* classic */
	const char *bundle;
} cosign_data[] = {
	{ "ECDSA P-256", "sha256:92562b0f9acd20b1c9e29793b2ed1d1f17d3694b75b879c80dfb5e1ae3773e56",
	  "sha256:4ccb95bd39412a3f101bc3720dce582b26b1db766eb73a82461d4b596abfe3c0",

	  "-----BEGIN PUBLIC KEY-----\n"
	  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpAUWdR9wvM8lQKhtadqgbGBgGO3T\n"
	  "MN7wsp3CmLIjerkBpyYMZTbLCi3SSqUnSqKF3y5TuJXR/0VEf6v94LdNJg==\n"
	  "-----END PUBLIC KEY-----\n",

	  "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.lab:5443/lab/"
	  "engine\"},\"image\":{\"do"
	  "cker-manifest-digest\":\"sha256:"
	  "4ccb95bd39412a3f101bc3720dce582b26b1db766eb73a82461d4b596a"
	  "bfe3c0\"},\"type\":\"cosign container image signature\"},\"optional\":null}",

	  "MEUCIQCfLQLiPmIXANaIT/VD6SLgeUfWG/W2zmW8SIxeOcQ6NgIgM1kUnQ4uLlXDB/qyhhspfKmtFZF0b9v/BfFi"
	  "sw0Nzkw=",

	  "{\"mediaType\":\"application/"
	  "vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"pu"
	  "blicKey\":{\"hint\":\"klYrD5rNILHJ4peTsu0dHxfTaUt1uHnIDfteGuN3PlY=\"}},\"dsseEnvelope\":"
	  "{\"paylo"
	  "ad\":"
	  "\"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3Q"
	  "iOnsic2hhMjU2IjoiNGNjYjk1YmQzOTQxMmEzZjEwMWJjMzcyMGRjZTU4MmIyNmIxZGI3NjZlYjczYTgyNDYxZDR"
	  "iNTk2YWJmZTNjMCJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmU"
	  "uZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=\",\"payloadType\":\"application/"
	  "vnd.in-tot"
	  "o+json\",\"signatures\":[{\"sig\":\"MEUCIE1bu6drrIZjunTkJYFb84d+"
	  "3PNsC7jXlwEDKeKVxkzNAiEA8mD3/s"
	  "Jm39gIicbHypo42E6hMrRmPSTzOhmKUWjEX/k=\"}]}}" },
	{ "ECDSA P-384", "sha256:a86b4f879f283d7e1ba3f65d406f8b26701a5e9c25f5e9766b2317605faa1080",
	  "sha256:8bfb31d49d59aa74ee00154dc7b22043f5d66686ad6a13eece16a8e98bb0b897",

	  "-----BEGIN PUBLIC KEY-----\n"
	  "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEM7De6Zkkmc/rNImb0cHpqkOlJ+TB6VMj\n"
	  "NUlgB3n09PXP2cyiczmcBOWOA35KoY+x5Ny3ekj15CV/NYno7lVTThbeRyMcrM7n\n"
	  "p3gqEmZ2or7YtfcpCTky5WL1bztaitEY\n"
	  "-----END PUBLIC KEY-----\n",

	  "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.lab:5443/lab/"
	  "engine\"},\"image\":{\"do"
	  "cker-manifest-digest\":\"sha256:"
	  "8bfb31d49d59aa74ee00154dc7b22043f5d66686ad6a13eece16a8e98b"
	  "b0b897\"},\"type\":\"cosign container image signature\"},\"optional\":null}",

	  "MGYCMQCVktz+9MsXTBxU52BagG4h3Pumy/gi6tB+G27yskxcrtzZcTbgeKQZ+FBt/r52Y+ICMQDuxCB0qy9Nn98b"
	  "Xo7wC4c5pKFMFCiTT8c7Eu9pXZLubfYP16eSD3jyomJxSvUn6vU=",

	  "{\"mediaType\":\"application/"
	  "vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"pu"
	  "blicKey\":{\"hint\":\"qGtPh58oPX4bo/"
	  "ZdQG+LJnAaXpwl9el2ayMXYF+qEIA=\"}},\"dsseEnvelope\":{\"paylo"
	  "ad\":"
	  "\"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3Q"
	  "iOnsic2hhMjU2IjoiOGJmYjMxZDQ5ZDU5YWE3NGVlMDAxNTRkYzdiMjIwNDNmNWQ2NjY4NmFkNmExM2VlY2UxNmE"
	  "4ZTk4YmIwYjg5NyJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmU"
	  "uZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=\",\"payloadType\":\"application/"
	  "vnd.in-tot"
	  "o+json\",\"signatures\":[{\"sig\":"
	  "\"MGQCMDn3NOGKHJxJPCaglRihT126xYNp5zPWZnl5tDgedJeaLwYIu5wY4c"
	  "lfVnZSuoC8aAIwdQkf3HIHLrdPyFYXiRfIQdHAtOapFJL5d3aAvfSXMFMlamcV7kSLG6CJXOrfux7y\"}]}}" },
	{ "ECDSA P-521", "sha256:07f7430c5ce6ab5ca688cc7d83c291e9893481de717474838160ff536f88ec7f",
	  "sha256:41d119d5eefd53b9ce48f502b0bb4c1779ade78c31ad626866d496ffab2fa63d",

	  "-----BEGIN PUBLIC KEY-----\n"
	  "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBmc0OBWO+p7NDfHSwcwG9KUjCN7TH\n"
	  "lUaYMQ7kz9KgAPaa5xfGmZSsmHWk1RXfbrXEia5830ox8o+cGVQNF8tn1tcBFxwP\n"
	  "ihhQxgoMb6ufrD0adlT1Bqp82wpG0TDnXst1J86NKkXYC3VEHNGIuuLHN3XEQtXW\n"
	  "Tv098PBKLx+gBojglgc=\n"
	  "-----END PUBLIC KEY-----\n",

	  "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.lab:5443/lab/"
	  "engine\"},\"image\":{\"do"
	  "cker-manifest-digest\":\"sha256:"
	  "41d119d5eefd53b9ce48f502b0bb4c1779ade78c31ad626866d496ffab"
	  "2fa63d\"},\"type\":\"cosign container image signature\"},\"optional\":null}",

	  "MIGHAkEPw94Ki80OdOwVUJAjIW4g3r6KWTH8nE14RXQwzBWWfo/BI1WQFIp/X8XumjHsnXUkdXnyyoySgn7DK2yS"
	  "eQpKTAJCASQfTy+Gl6k8RGA1oaU+EotncwmBb4Bdbnhafp9UAR+3cx+etsPbijdIp8H3Hb/KNHTg2YwS8KCxi6o8"
	  "9e3Gh2/e",

	  "{\"mediaType\":\"application/"
	  "vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"pu"
	  "blicKey\":{\"hint\":\"B/dDDFzmq1ymiMx9g8KR6Yk0gd5xdHSDgWD/"
	  "U2+I7H8=\"}},\"dsseEnvelope\":{\"paylo"
	  "ad\":"
	  "\"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3Q"
	  "iOnsic2hhMjU2IjoiNDFkMTE5ZDVlZWZkNTNiOWNlNDhmNTAyYjBiYjRjMTc3OWFkZTc4YzMxYWQ2MjY4NjZkNDk"
	  "2ZmZhYjJmYTYzZCJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmU"
	  "uZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=\",\"payloadType\":\"application/"
	  "vnd.in-tot"
	  "o+json\",\"signatures\":[{\"sig\":\"MIGIAkIB75hX8O+bPIakfpa2i2U1Jy+lUiZ/"
	  "XcVQM1f2SnH1U6VtHkFXbz"
	  "PAvI9vZvOa9oLM1N4wLieQtDnlo3gj27j9X7cCQgH1oiCpFg/gJK5TL0VfE825UUUKG6w5GG4phVorLxWReSkhqE"
	  "0E0kRfiYMiG591Hue9YeqQP3RA19Udcz09wgVing==\"}]}}" },
	{ "RSA 2048", "sha256:6835112517e841a80a639f4daa6bd96679d89b364909e683e666aac45ebeb133",
	  "sha256:9a9c9f81aa71410b7521ea639db3ba81132ee2e868fcbd0d65824cfc2d98c735",

	  "-----BEGIN PUBLIC KEY-----\n"
	  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4HZqkRSMmjrqzfSZ1t7D\n"
	  "YwCBjXX308kSym6cxA1OsIb75SMCDqVBOHMiK7hPfGguzqcDue/2FTostuVFNKui\n"
	  "ITrZCCcpS2xd/Xec+CfRqQ3PlPrlQCtvLzSLqOD2X53QKB5QYgEIN1yDXJGyhOiA\n"
	  "fYTEd2MjBLjdUxM5XS3BCyqVQu9YxvjJmMPc+/NuqraBuc35kUODyva8CAZOVjhJ\n"
	  "BwxEqSKwqdkKtFK1ANFQwhSPmUEYtg8W8phHYr5iSG8Z4Flys+I3ioaEZwDCj+9T\n"
	  "7IpVYXc6rcEVHWsq5r+FPDjuZVSqLiQuUixy/2kLS5Ch5ab8M7MmiyH+VuS44cyu\n"
	  "UQIDAQAB\n"
	  "-----END PUBLIC KEY-----\n",

	  "{\"critical\":{\"identity\":{\"docker-reference\":\"registry.lab:5443/lab/"
	  "engine\"},\"image\":{\"do"
	  "cker-manifest-digest\":\"sha256:"
	  "9a9c9f81aa71410b7521ea639db3ba81132ee2e868fcbd0d65824cfc2d"
	  "98c735\"},\"type\":\"cosign container image signature\"},\"optional\":null}",

	  "gx1vQgw90yc4kp1Fthjs4XS7A6rJR7FeQl0pfoJMnNDAUFrip2UIDWVnEo0pOKDWnhrt5kKoonEFf1LB29SoBfcm"
	  "T3Q3iofQMeurdVI6Gc8A5evO78ZPtM5sehAGJbIqsTHIURYYKhhX7wtrOjbeHVXLguB4/2xnxVoU+NLqHFcysiac"
	  "Knvzf3ab3LENCjSJMUo06o7XaA24L1xl8S876uTyQzB+6xTgaq+uQ1cEMhO8G0s1slYi13JBcm3L7q7Nn7DDW0wj"
	  "6IqYQeVo1b9EuNp5JxgsH8FDUKTLMvH77vLYiLB3TPEBeV0sNXehoOuR2HC3oNFXO9eRf/71N67iFw==",

	  "{\"mediaType\":\"application/"
	  "vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"pu"
	  "blicKey\":{\"hint\":\"aDURJRfoQagKY59NqmvZZnnYmzZJCeaD5maqxF6+sTM=\"}},\"dsseEnvelope\":"
	  "{\"paylo"
	  "ad\":"
	  "\"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3Q"
	  "iOnsic2hhMjU2IjoiOWE5YzlmODFhYTcxNDEwYjc1MjFlYTYzOWRiM2JhODExMzJlZTJlODY4ZmNiZDBkNjU4MjR"
	  "jZmMyZDk4YzczNSJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmU"
	  "uZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=\",\"payloadType\":\"application/"
	  "vnd.in-tot"
	  "o+json\",\"signatures\":[{\"sig\":\"boS2WH7JHINJAsiDoRuax0cC+"
	  "cHKlIM4uD62JwcigFYspb8cQtZ0/sJNIs"
	  "izLEBfajLcjdfP3/tj7027hJam/XuWxWh0majViF+ZR/iaHrZQdEIv6qPos8uo+MVEFYswPfgZmcY7SW/vrs4eBQ"
	  "8dbDHkLNuKymdGZTjWjhRSV35j/3rwSIFY2cNYjDnNqq5lV0G+DzM4aTu0m+B1CbFbJO5+shVWXS9idjFh+myFM4"
	  "z8KOSvy9BpZsJZKKBZcw3QDXFffzJAs8iWzgmAT7W9eiuB9J8Xbr5Se0FONU6U0uP1ZOuDsRrx231k470f+bi7BS"
	  "FcfT3UnbkkwL48X/SMoQ==\"}]}}" },
};

#endif
