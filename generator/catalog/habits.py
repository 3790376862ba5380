"""What people type who come from KServe, Helm or vLLM's command line, and which field does that here."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from generator.catalog.contract import frozen
from generator.catalog.contract.outline import Block, Node, at
from generator.diagnostics import Loc, choice, folded, suggestion
from generator.vllm.arguments import OWNED
from generator.vllm.flags import FLAGS

OWNERS: Final[Mapping[str, Loc]] = {
    "model": ("models", 0),
    "runtime": ("runtimes", ""),
    "connection": ("connections", ""),
    "environment": ("environments", ""),
    "platform": ("platform",),
}
"""The parts of a catalog with fields of their own, and where the contract has them."""
_GROUPS: Final = {"models": "model", "defaults": "model", "runtimes": "runtime", "connections": "connection"} | {
    "classes": "model",
    "environments": "environment",
    "platform": "platform",
}


def _table(rows: str) -> dict[str, str]:
    """One row a field: the field, and what people type for it."""
    words = (row.replace(":", " ").split() for row in rows.strip().splitlines())
    return {typed: field for field, *others in words for typed in others}


FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "model": _table("""
        name: modelname
        aliases: alias modelalias servedmodelname servedmodelnames servednames
        displayName: title
        source.repo: model modelid modelpath repoid repository hfmodelid hfrepo huggingface
        source.revision: commit commitsha sha branch tag
        task: type tasktype modeltype kind
        maxModelLen: modellen maxlen maxlength maxseqlen maxseqlength contextlength contextsize maxtokens maxinputlength
        dimensions: dim dims embeddingdim embeddingdimension embeddingdimensions embeddingsize hiddensize vectorsize
        runtime: servingruntime runtimename runtimeref
        connection: dataconnection connectionname storage storagekey
        namespace: project ns targetnamespace
        replicas: replicacount instances numreplicas
        autoscaling: autoscale scaling hpa
        autoscaling.min: minreplicas minscale
        autoscaling.max: maxreplicas maxscale
        autoscaling.metric: scalemetric
        autoscaling.target: scaletarget targetconcurrency containerconcurrency
        maxSurge: strategy deploymentstrategy rollingupdate
        resources.cpu: cpus vcpu vcpus cpurequest cpulimit
        resources.memory: mem ram memoryrequest memorylimit
        resources.gpu: gpus gpucount numgpus ngpus gpurequest gpulimit nvidiacomgpu
        resources.accelerator: gputype accelerators
        class: size sizeclass tier flavor flavour preset
        hardwareProfile: acceleratorprofile profile hardware
        queue: localqueue queuename kueue
        priorityClassName: priority priorityclass
        nodeSelector: nodelabels selector
        topologySpreadConstraints: topologyspread topologyspreadconstraint spread spreadconstraints
        affinity: antiaffinity
        podDisruptionBudget: pdb disruptionbudget minavailable maxunavailable
        args: arguments additionalargs vllmargs command
        env: envvars extraenv extraenvvars environmentvariables variables
        envValueFrom: valuefrom envfrom secretenv envsecrets envfromsecret
        shmSize: shm devshm sharedmemory sharedmemorysize shmsizelimit
        startupTimeout: startupprobe startuptimeoutseconds loadtimeout readytimeout enginereadytimeout
        imagePullSecrets: imagepullsecret pullsecret pullsecrets
        serviceAccountName: serviceaccount sa
        expose: route ingress external exposed public
        host: hostname hosts routehost ingresshost
        auth: authentication enableauth tokenauth
        timeout: timeoutseconds requesttimeout
        labels: podlabels extralabels
        annotations: podannotations extraannotations
        files.include: allowpatterns
        files.exclude: ignorepatterns
        stopped: enabled disabled paused suspend suspended
        deployTo: environment environments envs targets
    """),
    "runtime": _table("""
        displayName: title
        task: type tasktype kind
        image: imagerepository imagename imagetag imagedigest imageurl containerimage repository tag
        vllmVersion: version vllm
        accelerators: accelerator gputype
        args: arguments extraargs additionalargs vllmargs command
        env: envvars extraenv extraenvvars environmentvariables variables
    """),
    "connection": _table("""
        displayName: title
        endpoint: url uri host hostname server endpointurl s3endpoint awss3endpoint
        region: location awsregion awsdefaultregion
        bucket: bucketname s3bucket awss3bucket
        prefix: path folder directory keyprefix basepath storagepath
        secret.existing: existingsecret secretname secretref secretkeyref
    """),
    "environment": _table("""
        namespace: project ns targetnamespace
        cluster: server clustername destination
        target: version release rhoaiversion openshiftaiversion
        dashboardNamespace: applicationsnamespace
        argocd.targetRevision: branch tag revision
        argocd.sync: syncpolicy automated autosync
        gpuQuota: quota gpus gpulimit gpucount
        migQuota: mig migs
    """),
    "platform": _table("""
        target: version release rhoaiversion openshiftaiversion
        dashboardNamespace: applicationsnamespace
        argocd.repoURL: repo repository giturl
        argocd.targetRevision: branch
    """),
}
"""By owner: what people type, folded, and the field that does it."""
_ANY: Final = "remove it: it is written for you"
REMOVED: Final[Mapping[str, str]] = {
    "containers": "set `args`, `env` and `resources`",
    "deploymentmode": _ANY,
    "labelselector": "remove it: it selects the model's own pods",
    "limits": "set `resources`: limits equal requests",
    "modelformat": _ANY,
    "path": "remove it: the path is made of the connection's prefix and the model's name",
    "protocolversion": _ANY,
    "requests": "set `resources`: limits equal requests",
    "storagepath": "remove it: the path is made of the connection's prefix and the model's name",
    "storageuri": "set `source.repo`, and `connection` for the bucket",
    "supportedmodelformats": _ANY,
}
"""What no one field stands for, folded, and what to do instead."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def fields(owner: str) -> Iterator[str]:
    """The path of every field of a model, a runtime, …: `autoscaling.min`."""
    return _paths(at(frozen.OUTLINE, OWNERS[owner]), "")


def _paths(node: Node, above: str) -> Iterator[str]:
    if isinstance(node, Block):
        for name, inner in node.fields.items():
            yield above + name
            yield from _paths(inner, f"{above}{name}.")


def hint(loc: Loc, known: tuple[str, ...]) -> str:
    """What to write for the unknown field at `loc`, beside which the contract knows others."""
    typed = str(loc[-1])
    owner = _GROUPS.get(str(loc[0]))
    same = next((name for name in known if folded(name) == folded(typed)), None)
    return (
        (same and f"did you mean '{same}'?")
        or _of(owner, typed)
        or REMOVED.get(folded(typed))
        or suggestion(typed, known)
        or (_of_another(typed) if _is_top(loc) else None)
        or _flag(owner, typed)
        or choice(sorted(known))
    )


def _of(owner: str | None, typed: str) -> str | None:
    """The owner's field that people call so, or the one of this name that stands in a block of its own."""
    if owner is None:
        return None
    word = folded(typed)
    named = [path for path in fields(owner) if folded(path.rpartition(".")[2]) == word]
    field = FIELDS[owner].get(word) or (named[0] if len(named) == 1 else None)
    return field and f"set `{field}`"


def _is_top(loc: Loc) -> bool:
    """Whether `loc` is a field of an owner, and not of a block in it."""
    depth = len(loc) - (2 if "overrides" in loc else 0)
    return depth == (2 if loc[0] in ("defaults", "platform") else 3)


def _of_another(typed: str) -> str | None:
    """Another owner's field."""
    found = ((other, _of(other, typed)) for other in OWNERS)
    return next((f"{field} of the {other}" for other, field in found if field), None)


def _flag(owner: str | None, typed: str) -> str | None:
    flag = "--" + "-".join(_WORD.findall(typed)).lower()
    if owner not in ("model", "runtime") or flag not in FLAGS:
        return None
    value = "=VALUE" if FLAGS[flag][2] in ("value", "many") else ""
    return OWNED[flag][1] if flag in OWNED else f"add `{flag}{value}` to `args`"
