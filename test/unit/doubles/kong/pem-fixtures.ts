// Made for these tests with OpenSSL, valid for a hundred years, used nowhere else.

/** Names leaf.example.test; no CA. */
export const LEAF_CERTIFICATE = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBjTCCATKgAwIBAgIUHASCNWqIgmkbj/AM5vzSvCDlouAwCgYIKoZIzj0EAwIw",
  "HDEaMBgGA1UEAwwRbGVhZi5leGFtcGxlLnRlc3QwIBcNMjYxMTIyMTk0MzI3WhgP",
  "MjEyNjEwMjkxOTQzMjdaMBwxGjAYBgNVBAMMEWxlYWYuZXhhbXBsZS50ZXN0MFkw",
  "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEF6GZoF2RuOXhVVMlv6FmUKrCjzrKmoV7",
  "0cr4guZlS/S23AXqOIH0Ut95scrgy3Y/snhcDU/am6ENtb3HsPdyQqNQME4wHQYD",
  "VR0OBBYEFFuTFh+aL4o9FaMmDLueMT+EyeGIMB8GA1UdIwQYMBaAFFuTFh+aL4o9",
  "FaMmDLueMT+EyeGIMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSQAwRgIhAPqy",
  "SRRnralFTlGIWVHrPmIuD73S2w9BFYVK5dFmnjPuAiEA1YGEgLqGkl4khFrYHvb6",
  "Pqsw7DLUdALyUejYsGE5ifM=",
  "-----END CERTIFICATE-----",
  "",
].join("\n");

/** Belongs to the leaf certificate. */
export const LEAF_KEY = [
  "-----BEGIN PRIVATE KEY-----",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNfRmUHSwJFGsfgbW",
  "v7k1ZoPHFHzgMLyjTIUx+1gByhehRANCAAQXoZmgXZG45eFVUyW/oWZQqsKPOsqa",
  "hXvRyviC5mVL9LbcBeo4gfRS33mxyuDLdj+yeFwNT9qboQ21vcew93JC",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");

/** A CA. */
export const CA_CERTIFICATE = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBgDCCASegAwIBAgIUE6n6ffq9rRZt09IE/cPFF4ysxw8wCgYIKoZIzj0EAwIw",
  "FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjIxOTQzMjdaGA8yMTI2MTAy",
  "OTE5NDMyN1owFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG",
  "SM49AwEHA0IABIlxZPLj9hECIDTUstbK0xya5wWTjNMK5aQt9wrUoeawrijpkQ+1",
  "AtsOr+1JVq3js0iWA6WA7D2gFjux38xXoNujUzBRMB0GA1UdDgQWBBSF0rjoVSup",
  "dMmRKSmtlFz962VBcjAfBgNVHSMEGDAWgBSF0rjoVSupdMmRKSmtlFz962VBcjAP",
  "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBBUDfcmMjNmLwG5xjLM",
  "1L6dlnowOqM3zoqOqvwY4BbsAiALZmqNq72kOzBwu7ESyhFdsrAT7f2bkCzqX3T7",
  "vHBsDA==",
  "-----END CERTIFICATE-----",
  "",
].join("\n");

/** Belongs to the CA, not to the leaf. */
export const OTHER_KEY = [
  "-----BEGIN PRIVATE KEY-----",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiPhlq4qWfcVA82Jt",
  "YKKvt8vSSl6PGfo0nHVTnCw5S6ChRANCAASJcWTy4/YRAiA01LLWytMcmucFk4zT",
  "CuWkLfcK1KHmsK4o6ZEPtQLbDq/tSVat47NIlgOlgOw9oBY7sd/MV6Db",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");
