"""The evidence for halfulp's speed: what tools/bench runs, decides and draws. Run with benchmarks/ on PYTHONPATH."""
