"""The objects we write, key by key, in the API's own words; a wrong key is a type error. One module per API.

Only type checkers read this: making fifty classes would be a noticeable part of every start.
"""

from generator.kube.objects.argocd import ApplicationSet, AppProject
from generator.kube.objects.external_secrets import ExternalSecret
from generator.kube.objects.kserve import InferenceService, ServingRuntime
from generator.kube.objects.kubernetes import PodDisruptionBudget, Role, RoleBinding, ServiceAccount
from generator.kube.objects.openshift import Route, Template

KubeObject = (
    ServingRuntime
    | InferenceService
    | Template
    | ExternalSecret
    | ServiceAccount
    | Role
    | RoleBinding
    | Route
    | PodDisruptionBudget
    | AppProject
    | ApplicationSet
)
