{{/*
A role and its binding to the operator's ServiceAccount. A dict: context, name, rules; namespace, or none for a
ClusterRole.
*/}}
{{- define "kjo.boundRole" -}}
{{- $kind := ternary "Role" "ClusterRole" (hasKey . "namespace") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
{{ include "kjo.metadata" . }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
{{ include "kjo.metadata" . }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "kjo.serviceAccountName" .context }}
    namespace: {{ .context.Release.Namespace }}
{{- end -}}

{{/* The Lease of the leader election. A create cannot be limited to a name. */}}
{{- define "kjo.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "kjo.leaseName" . }}]
  verbs: [get, update]
{{- end -}}

{{/* The plural names of our kinds as a JSON array, read from their definitions: a new kind needs no change here. */}}
{{- define "kjo.resources" -}}
{{- $plurals := list -}}
{{- range $path, $content := .Files.Glob "files/crds/*.yaml" -}}
{{- $plurals = append $plurals (toString $content | fromYaml).spec.names.plural -}}
{{- end -}}
{{- $plurals | sortAlpha | toJson -}}
{{- end -}}

{{/*
The operator's rules, one place for the ClusterRole and for the Roles of watchNamespaces. test/install/ compares them with
the API server's audit log: nothing is denied, and nothing is granted that is not used.
*/}}
{{- define "kjo.objectRules" -}}
# The objects: watched; status is patched through its subresource.
- apiGroups: [kjo.dev]
  resources:
    {{- range include "kjo.resources" . | fromJsonArray }}
    - {{ . }}
    {{- end }}
  verbs: [list, watch]
# What leaves something in Kong has a finalizer.
- apiGroups: [kjo.dev]
  resources:
    {{- range include "kjo.resources" . | fromJsonArray }}
    {{- if hasPrefix "kong" . }}
    - {{ . }}
    {{- end }}
    {{- end }}
  verbs: [patch]
- apiGroups: [kjo.dev]
  resources:
    {{- range include "kjo.resources" . | fromJsonArray }}
    - {{ . }}/status
    {{- end }}
  verbs: [patch]
# Credentials and configuration from Secrets. The operator asks only for those labelled kjo.dev/secret=true; roles cannot
# select by label, so this reaches further than the operator does.
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
# Services and their endpoints, which become the targets of upstreams.
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* Credentials with `generate: true`. A create cannot be limited to a name or a label. */}}
{{- define "kjo.generateRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- end -}}

{{/* The uid of kube-system names the cluster in the tags of Kong's entities. */}}
{{- define "kjo.identityRules" -}}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end -}}

{{/* Labels of namespaces decide `allowedNamespaces: {from: Selector}`; with watchNamespaces they are not read. */}}
{{- define "kjo.selectorRules" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end -}}
