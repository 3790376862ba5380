module rhoai-model-gitops/bench/hubserver

go 1.25
